/** What a gateway's process uses at a fixed rate of calls, beside the figures that were asked of one. */

import { cpus } from "node:os";
import type { Contender, Effort } from "./contest.ts";
import { latenciesOf } from "./latency.ts";
import { type Call, load } from "./load.ts";
import { startServer } from "./server-process.ts";
import { figure, median, quantile } from "./statistics.ts";
import type { Table } from "./table.ts";

const callsPerSecond = 1_000;
const connections = 8;
/** Full load ahead of the measurement: code gets as fast as it will be. */
const warmUpSeconds = 4;

/** A figure of the process, and what it should be. */
interface Row {
  readonly name: string;
  readonly asked: string;
  readonly values: number[];
}

/** Processor, memory and latency of a gateway that answers `call` 1,000 times a second. */
export async function processFigures(
  call: Call,
  command: Contender["command"],
  { rounds, seconds }: Effort,
): Promise<Table> {
  await using gateway = await startServer(command);
  await load(gateway.port, call, { connections, streams: 1 }, warmUpSeconds);
  const row = (name: string, asked: string): Row => ({ name, asked, values: [] });
  const core = row("processor, % of one core", "");
  const machine = row(`processor, % of the machine's ${cpus().length} cores`, "< 5");
  const resident = row("resident MB", "~ 20");
  const middle = row("p50 ms, the core's own time included", "< 5");
  const slow = row("p95 ms, the core's own time included", "< 15");
  for (let round = 0; round < rounds; round += 1) {
    const [usedUs, startMs] = [gateway.cpuUs(), performance.now()];
    const taken = await latenciesOf(gateway.port, call, {
      perSecond: callsPerSecond,
      seconds,
      connections,
    });
    const spentUs = (performance.now() - startMs) * 1_000;
    const share = (100 * (gateway.cpuUs() - usedUs)) / spentUs;
    core.values.push(share);
    machine.values.push(share / cpus().length);
    resident.values.push((await gateway.residentBytes()) / 1e6);
    middle.values.push(quantile(taken, 0.5));
    slow.values.push(quantile(taken, 0.95));
  }
  return {
    title: "The process at 1,000 calls a second",
    note: [
      "JSON over HTTP/1.1 to a gRPC core, the built package, each call sent by the clock. What is asked stands beside what was",
      "measured, also where it is missed.",
    ].join("\n"),
    columns: ["figure", "asked", "measured"],
    rows: [core, machine, resident, middle, slow].map(({ name, asked, values }) => [
      name,
      asked,
      figure(median(values)),
    ]),
  };
}
