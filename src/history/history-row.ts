/** A bucket as a row of a table: the columns that every database of a history has. Pure. */

import { type HistoryBucket, HistorySums } from "./bucket.ts";
import { LatencyHistogram } from "./latency-histogram.ts";

/** Columns of numbers, and where the sums of a bucket have them. */
const numbers = {
  requests: "requests",
  caller_errors: "callerErrors",
  upstream_errors: "upstreamErrors",
  gateway_errors: "gatewayErrors",
  latency_count: "latencyCount",
  latency_ms_sum: "latencyMsSum",
  first_count: "firstCount",
  first_ms_sum: "firstMsSum",
  tokens: "tokens",
  cost: "cost",
} as const;
const numberNames = Object.keys(numbers) as (keyof typeof numbers)[];

/** All columns, in the order of `rowOf`. */
export const historyColumns = [
  "step_ms",
  "start_ms",
  "provider",
  "model",
  "instance",
  "latencies",
  ...numberNames,
] as const;

/** A row by column. Databases may give whole numbers as text. */
export type HistoryRow = Readonly<
  Record<keyof typeof numbers | "step_ms" | "start_ms", number | string>
> &
  Readonly<Record<"provider" | "model" | "instance" | "latencies", string>>;

/** The values of a bucket that `instance` writes, in the order of the columns. */
export function rowOf(
  { stepMs, startMs, provider, model, sums }: HistoryBucket,
  instance: string,
): (number | string)[] {
  const key = [stepMs, startMs, provider, model, instance, sums.latencies.toText()];
  return [...key, ...numberNames.map((name) => sums[numbers[name]])];
}

/** The bucket of a row. */
export function bucketOf(row: HistoryRow): HistoryBucket {
  const sums = new HistorySums();
  for (const name of numberNames) sums[numbers[name]] = Number(row[name]);
  sums.latencies = LatencyHistogram.fromText(row.latencies);
  const { provider, model } = row;
  return { stepMs: Number(row.step_ms), startMs: Number(row.start_ms), provider, model, sums };
}
