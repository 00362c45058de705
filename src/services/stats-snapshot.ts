/** All that statistics are made of, as plain data: what one of several threads reports of itself. */

import type { InferStatistics, PredictBackend } from "#backends/backend.ts";
import type { SeriesCounts, SeriesKind, Stats } from "#observability/stats.ts";

/** What was counted of calls and of inferences. */
export interface StatsSnapshot {
  /** By kind and name. */
  readonly series: Readonly<Record<SeriesKind, ReadonlyMap<string, SeriesCounts>>>;
  readonly inferences: readonly InferStatistics[];
}

/** What has been counted so far. */
export function statsSnapshotOf(
  stats: Stats,
  predict: Pick<PredictBackend, "statistics">,
): StatsSnapshot {
  return {
    series: {
      gateway: stats.counts("gateway"),
      method: stats.counts("method"),
      backend: stats.counts("backend"),
      model: stats.counts("model"),
    },
    inferences: predict.statistics?.() ?? [],
  };
}
