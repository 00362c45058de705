/** How soon a gateway without models is up, and what it holds when idle. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { builtProgram } from "./built-program.ts";
import type { Effort } from "./contest.ts";
import { folder } from "./programs.ts";
import { startServer } from "./server-process.ts";
import { figure, median } from "./statistics.ts";
import type { Table } from "./table.ts";

/** Time after which nothing of the start is still under way. */
const settleMs = 1_500;

/** Time from the process's start to an answer of /livez, and resident memory, of the build and of the source. */
export async function startUpTimes({ rounds }: Effort): Promise<Table> {
  const models = join(folder, "empty");
  mkdirSync(models, { recursive: true });
  const config = join(folder, "start-up.yaml");
  writeFileSync(config, JSON.stringify({ models: { path: models } }));
  const flags = ["serve", "--config", config, "--host", "127.0.0.1", "--port"];
  const program = builtProgram();
  const ways = [
    { name: "built package", args: [program] },
    { name: "from source", args: ["-C", "source", "src/cli/main.ts"] },
  ].map((way) => ({ ...way, readyMs: [] as number[], residentMb: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { args, readyMs, residentMb } of ways) {
      const startMs = performance.now();
      await using server = await startServer((port) => [
        process.execPath,
        ...args,
        ...flags,
        String(port),
      ]);
      const { ok } = await fetch(`http://127.0.0.1:${server.port}/livez`);
      if (!ok) throw new Error("/livez says no");
      readyMs.push(performance.now() - startMs);
      await sleep(settleMs);
      residentMb.push((await server.residentBytes()) / 1e6);
    }
  }
  return {
    title: "Start, and memory when idle, with no model loaded",
    columns: ["gateway", "as", "ms to /livez", "resident MB"],
    rows: ways.map(({ name, readyMs, residentMb }, index) => [
      index === 0 ? "polygate serve" : "",
      name,
      figure(median(readyMs)),
      figure(median(residentMb)),
    ]),
  };
}
