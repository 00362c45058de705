/** What each step of the chain costs: a call with it and the same call without it, by turns. */

import { fork } from "node:child_process";
import { once } from "node:events";
import type { StepName } from "./chain-ways.ts";
import type { Effort } from "./contest.ts";
import { figure, median, quantile } from "./statistics.ts";
import type { Table } from "./table.ts";

/** Calls that come in one turn of the event loop, as on busy connections. */
export const callsATurn = 64;

/** CPU microseconds a call, of batches in pairs: the whole chain, and the chain without the step. */
export interface StepSamples extends StepName {
  readonly wholeUs: readonly number[];
  readonly withoutUs: readonly number[];
}

/** Measures in a process of its own: what ran before in this one would show in the figures. */
async function samplesOf({ rounds, seconds }: Effort): Promise<readonly StepSamples[]> {
  const program = new URL("../chain-meter.ts", import.meta.url);
  const child = fork(program, [String(rounds), String(seconds)], {
    execArgv: ["-C", "source"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`chain-meter ended with ${code} ahead of its result`);
  });
  const [samples] = await Promise.race([once(child, "message"), ended]);
  return samples as readonly StepSamples[];
}

function figuresOf(values: readonly number[]): readonly string[] {
  const [low, high] = [quantile(values, 0.25), quantile(values, 0.75)];
  return [figure(median(values)), `${figure(low)} … ${figure(high)}`];
}

/** CPU time of each step of the chain. */
export async function chainCosts(effort: Effort): Promise<Table> {
  const steps = await samplesOf(effort);
  const bare = steps.find(({ part }) => part === "all")?.withoutUs ?? [];
  return {
    title: "What each step of the chain costs",
    note: [
      `gRPC unary in memory, ${callsATurn} calls in a turn of the event loop. A step is the CPU time of a call through all of them less that of the`,
      "same call without the one, in batches by turns. The last row leaves nothing out: so much is noise.",
    ].join("\n"),
    columns: ["part", "step", "CPU µs a call", "half of all pairs"],
    rows: [
      ["call", "decoding, handler, encoding", ...figuresOf(bare)],
      ...steps.map(({ part, name, wholeUs, withoutUs }, index) => [
        part === steps[index - 1]?.part ? "" : part,
        name,
        ...figuresOf(wholeUs.map((us, pair) => us - (withoutUs[pair] ?? Number.NaN))),
      ]),
    ],
  };
}
