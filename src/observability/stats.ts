/** Counts, times and costs of calls by method, backend and model, in memory and in bounds. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";

/** What a series is about; `gateway` has one series, of all calls. */
export type SeriesKind = "gateway" | "method" | "backend" | "model";

/** How one call went. */
export interface CallResult extends Usage {
  /** It ended with an error that was not its caller's doing. */
  readonly failed: boolean;
}

/** What was used. */
export interface Usage {
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

/** What one series did within a span of time. */
export interface SeriesSpan {
  readonly requests: number;
  readonly errors: number;
  readonly latencyMsSum: number;
  readonly tokens: number;
  readonly cost: number;
}

/** The record of what the gateway did. */
export interface Stats {
  /** A call begins; the function that is returned ends it, once. */
  begin(kind: SeriesKind, name: string): (result: CallResult) => void;
  /** A call that has ended, after `elapsedMs`. */
  add(kind: SeriesKind, name: string, elapsedMs: number, result: CallResult): void;
  /** Tokens and cost of a call that is counted already. */
  use(kind: SeriesKind, name: string, usage: Usage): void;
  totals(kind: SeriesKind): ReadonlyMap<string, SeriesTotals>;
  /** Sums over the last `hours`, at most 24, in steps of five minutes. */
  span(kind: SeriesKind, hours: number): ReadonlyMap<string, SeriesSpan>;
}

/** Names remembered per kind; methods and endpoints are few, models may come and go. */
const namesMax = 1000;
/** Latest calls that percentiles are taken from. */
const samplesMax = 1024;
const slotMs = 5 * 60_000;
const slotsMax = (24 * 60 * 60_000) / slotMs;

type Slot = { -readonly [K in keyof SeriesSpan]: number } & { index: number };

/** The value below which `share` of the sorted samples lie; 0 when there are none. */
export function percentile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return 0;
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

class Series {
  inFlight = 0;
  readonly #all = { requests: 0, errors: 0, latencyMsSum: 0, tokens: 0, cost: 0 };
  readonly #samples = new Float64Array(samplesMax);
  readonly #slots: Slot[] = [];

  end(elapsedMs: number, wallMs: number, result: CallResult): void {
    this.#samples[this.#all.requests % samplesMax] = elapsedMs;
    for (const sums of [this.#all, this.#slot(Math.floor(wallMs / slotMs))]) {
      sums.requests += 1;
      sums.errors += result.failed ? 1 : 0;
      sums.latencyMsSum += elapsedMs;
    }
    this.use(wallMs, result);
  }

  use(wallMs: number, { tokens = 0, cost = 0 }: Usage): void {
    for (const sums of [this.#all, this.#slot(Math.floor(wallMs / slotMs))]) {
      sums.tokens += tokens;
      sums.cost += cost;
    }
  }

  totals(): SeriesTotals {
    const { requests, errors, latencyMsSum, tokens, cost } = this.#all;
    const sorted = this.#samples.slice(0, Math.min(requests, samplesMax)).sort();
    return {
      requests,
      errors,
      inFlight: this.inFlight,
      avgLatencyMs: requests === 0 ? 0 : latencyMsSum / requests,
      p50LatencyMs: percentile(sorted, 0.5),
      p95LatencyMs: percentile(sorted, 0.95),
      p99LatencyMs: percentile(sorted, 0.99),
      tokens,
      cost,
    };
  }

  since(wallMs: number): SeriesSpan {
    const from = Math.floor(wallMs / slotMs);
    const sum = { requests: 0, errors: 0, latencyMsSum: 0, tokens: 0, cost: 0 };
    for (const slot of this.#slots) {
      if (slot.index < from) continue;
      sum.requests += slot.requests;
      sum.errors += slot.errors;
      sum.latencyMsSum += slot.latencyMsSum;
      sum.tokens += slot.tokens;
      sum.cost += slot.cost;
    }
    return sum;
  }

  #slot(index: number): Slot {
    const last = this.#slots.at(-1);
    if (last !== undefined && last.index >= index) return last;
    const slot = { index, requests: 0, errors: 0, latencyMsSum: 0, tokens: 0, cost: 0 };
    this.#slots.push(slot);
    if (this.#slots.length > slotsMax) this.#slots.shift();
    return slot;
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
    const series = kinds[kind].get(name) ?? new Series();
    kinds[kind].set(name, series);
    return series;
  };
  const mapped = <T>(kind: SeriesKind, read: (series: Series) => T): Map<string, T> =>
    new Map([...kinds[kind].entries()].map(([name, series]) => [name, read(series)]));

  return {
    begin(kind, name) {
      const startMs = clock.nowMs();
      const series = seriesOf(kind, name);
      series.inFlight += 1;
      return (result) => {
        series.inFlight -= 1;
        series.end(clock.nowMs() - startMs, clock.wallMs(), result);
      };
    },
    add: (kind, name, elapsedMs, result) =>
      seriesOf(kind, name).end(elapsedMs, clock.wallMs(), result),
    use: (kind, name, usage) => seriesOf(kind, name).use(clock.wallMs(), usage),
    totals: (kind) => mapped(kind, (series) => series.totals()),
    span(kind, hours) {
      const fromMs = clock.wallMs() - hours * 60 * 60_000;
      return mapped(kind, (series) => series.since(fromMs));
    },
  };
}
