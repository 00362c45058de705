/** Counts, times and costs of calls by method, backend and model, in memory and in bounds. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";

/** What a series is about; `gateway` has one series, of all calls. */
export type SeriesKind = "gateway" | "method" | "backend" | "model";

/** What was counted of one series since start, as plain data. Times in milliseconds. */
export interface SeriesCounts {
  readonly requests: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly latencyMsSum: number;
  readonly tokens: number;
  readonly cost: number;
  /** Times of the latest calls, in no order. */
  readonly latestMs: Float64Array;
}

/** How one call went. */
export interface CallResult {
  /** It ended with an error that was not its caller's doing. */
  readonly failed: boolean;
  /** Tokens read and written. */
  readonly tokens?: number;
  /** Price in US dollars. */
  readonly cost?: number;
}

/** Totals of one series since start. Times in milliseconds. */
export interface SeriesTotals {
  readonly requests: number;
  readonly errors: number;
  readonly inFlight: number;
  readonly avgLatencyMs: number;
  readonly p50LatencyMs: number;
  readonly p95LatencyMs: number;
  readonly p99LatencyMs: number;
  readonly tokens: number;
  readonly cost: number;
}

/** One series that calls are counted in. */
export interface StatsSeries {
  /** A call begins. */
  begin(): void;
  /** A call that began has ended, after `elapsedMs`. */
  end(elapsedMs: number, result: CallResult): void;
}

/** The record of what the gateway did. */
export interface Stats {
  /** A series by name. Who counts often, and under few names, keeps it. */
  series(kind: SeriesKind, name: string): StatsSeries;
  /** A call begins; the function that is returned ends it, once. */
  begin(kind: SeriesKind, name: string): (result: CallResult) => void;
  /** A call that has ended, after `elapsedMs`. */
  add(kind: SeriesKind, name: string, elapsedMs: number, result: CallResult): void;
  totals(kind: SeriesKind): ReadonlyMap<string, SeriesTotals>;
  /** What the totals are made of. */
  counts(kind: SeriesKind): ReadonlyMap<string, SeriesCounts>;
}

/** Names remembered per kind; methods and endpoints are few, models may come and go. */
export const namesMax = 1000;
/** Latest calls that percentiles are taken from. */
export const samplesMax = 1024;

/** The value below which `share` of the sorted samples lie; 0 when there are none. */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

/** Totals of what was counted. */
export function totalsFrom(counts: SeriesCounts): SeriesTotals {
  const { requests, errors, inFlight, latencyMsSum, tokens, cost, latestMs } = counts;
  const sorted = latestMs.toSorted();
  return {
    ...{ requests, errors, inFlight },
    avgLatencyMs: requests === 0 ? 0 : latencyMsSum / requests,
    p50LatencyMs: percentile(sorted, 0.5),
    p95LatencyMs: percentile(sorted, 0.95),
    p99LatencyMs: percentile(sorted, 0.99),
    ...{ tokens, cost },
  };
}

class Series implements StatsSeries {
  inFlight = 0;
  readonly #all = { requests: 0, errors: 0, latencyMsSum: 0, tokens: 0, cost: 0 };
  readonly #samples = new Float64Array(samplesMax);

  begin(): void {
    this.inFlight += 1;
  }

  end(elapsedMs: number, result: CallResult): void {
    this.inFlight -= 1;
    this.add(elapsedMs, result);
  }

  add(elapsedMs: number, result: CallResult): void {
    const all = this.#all;
    this.#samples[all.requests % samplesMax] = elapsedMs;
    all.requests += 1;
    if (result.failed) all.errors += 1;
    all.latencyMsSum += elapsedMs;
    all.tokens += result.tokens ?? 0;
    all.cost += result.cost ?? 0;
  }

  counts(): SeriesCounts {
    const latestMs = this.#samples.slice(0, Math.min(this.#all.requests, samplesMax));
    return { ...this.#all, inFlight: this.inFlight, latestMs };
  }
}

/** Statistics that live as long as the process. */
export function createStats(clock: Clock): Stats {
  const kinds: Readonly<Record<SeriesKind, LRUCache<string, Series>>> = {
    gateway: new LRUCache({ max: 1 }),
    method: new LRUCache({ max: namesMax }),
    backend: new LRUCache({ max: namesMax }),
    model: new LRUCache({ max: namesMax }),
  };
  const seriesOf = (kind: SeriesKind, name: string): Series => {
    const known = kinds[kind].get(name);
    if (known !== undefined) return known;
    const series = new Series();
    kinds[kind].set(name, series);
    return series;
  };
  const mapped = <T>(kind: SeriesKind, read: (series: Series) => T): Map<string, T> =>
    new Map([...kinds[kind].entries()].map(([name, series]) => [name, read(series)]));

  return {
    series: seriesOf,
    begin(kind, name) {
      const startMs = clock.nowMs();
      const series = seriesOf(kind, name);
      series.begin();
      return (result) => series.end(clock.nowMs() - startMs, result);
    },
    add: (kind, name, elapsedMs, result) => seriesOf(kind, name).add(elapsedMs, result),
    totals: (kind) => mapped(kind, (series) => totalsFrom(series.counts())),
    counts: (kind) => mapped(kind, (series) => series.counts()),
  };
}
