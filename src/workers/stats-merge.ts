/** Makes the statistics of all threads one: counts are added up, percentiles are taken over the latest calls of all. Pure. */

import type { InferStatistics, Tally } from "#backends/backend.ts";
import { versionsMax } from "#backends/inference-statistics.ts";
import { namesMax, type SeriesCounts, samplesMax } from "#observability/stats.ts";
import type { StatsSnapshot } from "#services/stats-snapshot.ts";

type SeriesByName = ReadonlyMap<string, SeriesCounts>;

/** Of a thread that has counted nothing. */
export const emptyStats: StatsSnapshot = {
  series: { gateway: new Map(), method: new Map(), backend: new Map(), model: new Map() },
  inferences: [],
};

function mergedSeries(one: SeriesCounts, other: SeriesCounts): SeriesCounts {
  const latestMs = new Float64Array(one.latestMs.length + other.latestMs.length);
  latestMs.set(one.latestMs);
  latestMs.set(other.latestMs, one.latestMs.length);
  return {
    requests: one.requests + other.requests,
    errors: one.errors + other.errors,
    inFlight: one.inFlight + other.inFlight,
    latencyMsSum: one.latencyMsSum + other.latencyMsSum,
    tokens: one.tokens + other.tokens,
    cost: one.cost + other.cost,
    latestMs,
  };
}

/** Of equal names one, in the order in which they come first. */
function mergedBy<T>(
  all: Iterable<T>,
  nameOf: (one: T) => string,
  merge: (one: T, other: T) => T,
): T[] {
  const byName = new Map<string, T>();
  for (const one of all) {
    const name = nameOf(one);
    const known = byName.get(name);
    byName.set(name, known === undefined ? one : merge(known, one));
  }
  return [...byName.values()];
}

function mergedNames(all: readonly SeriesByName[]): SeriesByName {
  const merged = mergedBy<[string, SeriesCounts]>(
    all.flatMap((series) => [...series]),
    ([name]) => name,
    ([name, one], [, other]) => [name, mergedSeries(one, other)],
  );
  return new Map(merged);
}

const sum = (one: Tally, other: Tally): Tally => ({
  count: one.count + other.count,
  totalMs: one.totalMs + other.totalMs,
});

const stages = [
  ...(["success", "fail", "queue", "preprocess", "compute", "postprocess"] as const),
  ...(["cacheHit", "cacheMiss"] as const),
];

/** Adds up the numbers of two objects of the same fields. */
function sums<T extends object>(one: T, other: T): T {
  const added = Object.entries(one).map(([name, value]) => [
    name,
    value + (other[name as keyof T] as number),
  ]);
  return Object.fromEntries(added) as T;
}

function mergedVersion(one: InferStatistics, other: InferStatistics): InferStatistics {
  const shadow =
    one.shadow === undefined || other.shadow === undefined
      ? (one.shadow ?? other.shadow)
      : sums(one.shadow, other.shadow);
  const batches = mergedBy(
    [...one.batches, ...other.batches],
    ({ rows }) => String(rows),
    ({ rows, compute }, more) => ({ rows, compute: sum(compute, more.compute) }),
  );
  return {
    ...one,
    ...Object.fromEntries(stages.map((stage) => [stage, sum(one[stage], other[stage])])),
    inferences: one.inferences + other.inferences,
    executions: one.executions + other.executions,
    lastMs: Math.max(one.lastMs, other.lastMs),
    failures: sums(one.failures, other.failures),
    ...(shadow !== undefined && { shadow }),
    batches: batches.toSorted((a, b) => a.rows - b.rows),
  };
}

/** The statistics of all. */
export function mergedStats(all: readonly StatsSnapshot[]): StatsSnapshot {
  const of = (kind: keyof StatsSnapshot["series"]) =>
    mergedNames(all.map(({ series }) => series[kind]));
  return {
    series: {
      gateway: of("gateway"),
      method: of("method"),
      backend: of("backend"),
      model: of("model"),
    },
    inferences: mergedBy(
      all.flatMap(({ inferences }) => inferences),
      ({ model, version }) => JSON.stringify([model, version]),
      mergedVersion,
    ),
  };
}

function lastingSeries(all: SeriesByName): SeriesByName {
  const newest = [...all].slice(-namesMax);
  return new Map(
    newest.map(([name, counts]) => [
      name,
      { ...counts, inFlight: 0, latestMs: counts.latestMs.slice(-samplesMax) },
    ]),
  );
}

/** What stays of threads that have ended: what they counted, within the bounds that one thread has. */
export function lastingStats({ series, inferences }: StatsSnapshot): StatsSnapshot {
  return {
    series: {
      gateway: lastingSeries(series.gateway),
      method: lastingSeries(series.method),
      backend: lastingSeries(series.backend),
      model: lastingSeries(series.model),
    },
    inferences: inferences.slice(-versionsMax),
  };
}
