/** Makes metrics of each type on one registry: what a room declares its own with. */

import type { Registry } from "prom-client";
import Gauge from "prom-client/lib/gauge.js";
import { CounterFamily, HistogramFamily, type Merge } from "./family.ts";

/**
 * Seconds; Prometheus's own bounds, one below for what needs no backend and one above for models.
 * Each is a line per series, and most of what /metrics sends.
 */
const durationBuckets = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** Makes metrics on `registry`. Labels come from bounded sets: never an address, raw path or key; of a set that others fill, `seriesMax` is the bound. */
export function makersOn(registry: Registry) {
  return {
    counter: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      seriesMax?: number,
    ) => new CounterFamily<L>({ name, help, labelNames, seriesMax }, registry),
    /** `aggregator` says how those of several threads become one. */
    gauge: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      aggregator: Exclude<Merge, "omit"> = "sum",
    ) =>
      new Gauge<L>({ name, help, labelNames: [...labelNames], registers: [registry], aggregator }),
    seconds: <L extends string>(
      name: string,
      help: string,
      labelNames: readonly L[],
      buckets = durationBuckets,
    ) => new HistogramFamily<L>({ name, help, labelNames }, registry, buckets),
  };
}

/** Makers of metrics. */
export type Makers = ReturnType<typeof makersOn>;
