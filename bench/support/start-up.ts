/** How soon a gateway without models is up, and what it holds when idle, by how it is built and by threads. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { builtProgram } from "./built-program.ts";
import type { Effort } from "./contest.ts";
import { folder } from "./programs.ts";
import { allCores, startServer } from "./server-process.ts";
import { figure, median } from "./statistics.ts";
import type { Table } from "./table.ts";

/** Time after which nothing of the start is still under way. */
const settleMs = 1_500;
/** Patience with a machine that has other work. */
const startTimeoutMs = 60_000;

/** A way to start a gateway: what comes before its own arguments, and those besides. */
interface Way {
  readonly name: string;
  readonly args: readonly string[];
  readonly flags?: readonly string[];
  /** The core, or the cores, that it has; that of servers when absent. */
  readonly core?: string;
}

/** Milliseconds from the process's start to an answer of /livez, and resident megabytes, of each way in turn; medians. */
async function startsOf(given: readonly Way[], { rounds }: Effort) {
  const models = join(folder, "empty");
  mkdirSync(models, { recursive: true });
  const config = join(folder, "start-up.yaml");
  writeFileSync(config, JSON.stringify({ models: { path: models } }));
  const common = ["serve", "--config", config, "--host", "127.0.0.1"];
  const ways = given.map((way) => ({
    ...{ ...way, readyMs: [] as number[], residentMb: [] as number[] },
  }));
  for (let round = 0; round < rounds; round += 1) {
    for (const { args, flags = [], core, readyMs, residentMb } of ways) {
      const startMs = performance.now();
      await using server = await startServer(
        (port) => [process.execPath, ...args, ...common, ...flags, "--port", String(port)],
        { startTimeoutMs, ...(core !== undefined && { core }) },
      );
      const { ok } = await fetch(`http://127.0.0.1:${server.port}/livez`);
      if (!ok) throw new Error("/livez says no");
      readyMs.push(performance.now() - startMs);
      await sleep(settleMs);
      residentMb.push((await server.residentBytes()) / 1e6);
    }
  }
  return ways.map(({ name, readyMs, residentMb }, index) => [
    index === 0 ? "polygate serve" : "",
    name,
    figure(median(readyMs)),
    figure(median(residentMb)),
  ]);
}

const columns = ["gateway", "as", "ms to /livez", "resident MB"];

/** Of the build and of the source. */
export async function startUpTimes(effort: Effort): Promise<Table> {
  const ways = [
    { name: "built package", args: [builtProgram()] },
    { name: "from source", args: ["-C", "source", "src/cli/main.ts"] },
  ];
  const rows = await startsOf(ways, effort);
  return { title: "Start, and memory when idle, with no model loaded", columns, rows };
}

/** Of the whole build, by threads that serve calls; all cores are theirs. */
export async function threadStartTimes(effort: Effort, threads: readonly number[]): Promise<Table> {
  const args = [builtProgram()];
  const ways = threads.map((count) => ({
    ...{ name: `threads: ${count}`, args, core: allCores },
    flags: ["--workers", String(count)],
  }));
  const rows = await startsOf(ways, effort);
  return { title: "Start, and memory when idle, by threads", columns, rows };
}
