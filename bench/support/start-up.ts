/** How soon a gateway without models is up, and what it holds when idle. */

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Effort } from "./contest.ts";
import { folder } from "./programs.ts";
import { startServer } from "./server-process.ts";
import { figure, median } from "./statistics.ts";
import type { Table } from "./table.ts";

/** Time after which nothing of the start is still under way. */
const settleMs = 1_500;

/** Builds the package beside the repository's own build; returns its program. */
function built(): string {
  const home = join(folder, "package");
  mkdirSync(home);
  copyFileSync("package.json", join(home, "package.json"));
  for (const name of ["node_modules", "gen", "proto", "web", "models"]) {
    if (existsSync(name)) symlinkSync(resolve(name), join(home, name));
  }
  const outDir = join(home, "dist/cli");
  execFileSync("npx", ["rolldown", "-c", "rolldown.config.ts", "--dir", outDir]);
  return join(outDir, "main.js");
}

/** Time from the process's start to an answer of /livez, and resident memory, of the build and of the source. */
export async function startUpTimes({ rounds }: Effort): Promise<Table> {
  const models = join(folder, "empty");
  mkdirSync(models, { recursive: true });
  const config = join(folder, "start-up.yaml");
  writeFileSync(config, JSON.stringify({ models: { path: models } }));
  const flags = ["serve", "--config", config, "--host", "127.0.0.1", "--port"];
  const program = built();
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
