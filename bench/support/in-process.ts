/** What pieces of work cost in this process: CPU microseconds of each, in batches by turns. */

import { setImmediate as turn } from "node:timers/promises";
import type { Effort } from "./contest.ts";
import { figure, median, quantile } from "./statistics.ts";
import type { Table } from "./table.ts";

/** A piece of work. */
export interface Way {
  readonly name: string;
  run(): void;
  /** Ends a batch, as part of it. */
  end?(): Promise<void>;
}

/** Runs whose time is taken at once: far longer than the clock is coarse. */
export const batch = 2_000;

/** CPU time that this process has used, all threads: collecting garbage is part of the work. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** CPU microseconds of one run of each way, a figure a batch. */
async function microsecondsOf(
  ways: readonly Way[],
  { rounds, seconds }: Effort,
): Promise<readonly (readonly number[])[]> {
  const samples = ways.map((): number[] => []);
  // The first round is the warm-up.
  for (let round = 0; round <= rounds; round += 1) {
    for (const [index, way] of ways.entries()) {
      const untilMs = performance.now() + seconds * 1_000;
      while (performance.now() < untilMs) {
        const before = cpuUs();
        for (let count = 0; count < batch; count += 1) way.run();
        await way.end?.();
        if (round > 0) samples[index]?.push((cpuUs() - before) / batch);
        await turn();
      }
    }
  }
  return samples;
}

/** A table of ways. */
export async function waysTable(
  {
    title,
    note,
    column,
  }: { readonly title: string; readonly note: string; readonly column: string },
  ways: readonly Way[],
  effort: Effort,
): Promise<Table> {
  const samples = await microsecondsOf(ways, effort);
  return {
    title,
    note,
    columns: [column, "runs", "CPU µs each", "half of all batches"],
    rows: ways.map(({ name }, index) => {
      const taken = samples[index] ?? [];
      const [low, high] = [quantile(taken, 0.25), quantile(taken, 0.75)];
      return [
        name,
        (taken.length * batch).toLocaleString("en-US"),
        figure(median(taken)),
        `${figure(low)} … ${figure(high)}`,
      ];
    }),
  };
}
