/** Reads a history: sums of the last hours, and series step by step. */

import { type HistoryBucket, HistorySums, otherModels } from "./bucket.ts";
import { type BucketRange, type HistoryStore, hourMs, type Resolution } from "./store.ts";

/** What names a series. */
export type HistoryBy = "provider" | "model";

/** Names that are kept apart while reading; clients choose those of models. */
const namesMax = 2_000;

/** Adds a bucket to the sums of a name. */
function gather(sums: Map<string, HistorySums>, wanted: string, bucket: HistoryBucket): void {
  const name = sums.size < namesMax || sums.has(wanted) ? wanted : otherModels;
  const known = sums.get(name);
  if (known !== undefined) {
    known.merge(bucket.sums);
    return;
  }
  const made = new HistorySums();
  made.merge(bucket.sums);
  sums.set(name, made);
}

/** Sums of a span of time, by provider and by model. */
export interface HistoryTotals {
  readonly provider: ReadonlyMap<string, HistorySums>;
  readonly model: ReadonlyMap<string, HistorySums>;
}

/** The ranges that make up the last `hours`: minutes up to the first whole hour, where they are kept, then hours. */
function rangesOf(hours: number, nowMs: number, [, minutes]: readonly Resolution[]): BucketRange[] {
  const fromMs = nowMs - hours * hourMs;
  const toMs = nowMs + hourMs;
  if (minutes === undefined || minutes.keptMs < nowMs - fromMs) {
    return [{ stepMs: hourMs, fromMs: Math.floor(fromMs / hourMs) * hourMs, toMs }];
  }
  const firstHourMs = Math.ceil(fromMs / hourMs) * hourMs;
  return [
    { stepMs: minutes.stepMs, fromMs, toMs: firstHourMs },
    { stepMs: hourMs, fromMs: firstHourMs, toMs },
  ];
}

/** Sums of the last `hours`, exact to the minute where minutes are kept. */
export async function totalsOf(
  store: Pick<HistoryStore, "read">,
  hours: number,
  { nowMs, resolutions }: { readonly nowMs: number; readonly resolutions: readonly Resolution[] },
): Promise<HistoryTotals> {
  const provider = new Map<string, HistorySums>();
  const model = new Map<string, HistorySums>();
  for (const range of rangesOf(hours, nowMs, resolutions)) {
    for await (const slice of store.read(range)) {
      for (const bucket of slice) {
        gather(provider, bucket.provider, bucket);
        if (bucket.model !== "") gather(model, bucket.model, bucket);
      }
    }
  }
  return { provider, model };
}

/** A span of time in steps. */
export interface Grid {
  /** The step of the buckets that are read. */
  readonly readMs: number;
  readonly stepMs: number;
  readonly startMs: number;
  readonly count: number;
}

/** Most steps of a series. */
const stepsMax = 1_500;
const stepsUsual = 60;

/**
 * The steps of the last `hours`: as long as is wished, or such that there are about sixty; longer where
 * nothing so fine is kept so long, or where there would be too many.
 */
export function gridOf(
  hours: number,
  wishedMs: number | undefined,
  { nowMs, resolutions }: { readonly nowMs: number; readonly resolutions: readonly Resolution[] },
): Grid {
  const spanMs = hours * hourMs;
  const wantedMs = Math.max(wishedMs ?? spanMs / stepsUsual, spanMs / stepsMax);
  const kept = resolutions.filter(({ keptMs }) => keptMs >= spanMs);
  const usable = kept.length > 0 ? kept : resolutions.slice(-1);
  // The coarsest that is fine enough; else the finest that there is.
  const read = usable.findLast(({ stepMs }) => stepMs <= wantedMs) ?? usable[0];
  const readMs = read?.stepMs ?? hourMs;
  const stepMs = Math.max(1, Math.ceil(wantedMs / readMs)) * readMs;
  const startMs = Math.floor((nowMs - spanMs) / stepMs) * stepMs;
  const count = Math.floor((nowMs - startMs) / stepMs) + 1;
  return { readMs, stepMs, startMs, count };
}

/** A series: its sums by step; steps without calls are absent. */
export interface HistoryLine {
  readonly name: string;
  readonly requests: number;
  readonly steps: ReadonlyMap<number, HistorySums>;
}

/** What is wished of series. */
export interface LinesWish {
  readonly by: HistoryBy;
  /** Those that are wanted; all when empty. */
  readonly names: ReadonlySet<string>;
}

/** Gathers series by name. */
class Lines {
  readonly #grid: Grid;
  readonly #steps = new Map<string, Map<number, HistorySums>>();
  readonly #leftOut = new Set<string>();

  constructor(grid: Grid) {
    this.#grid = grid;
  }

  get leftOut(): number {
    return this.#leftOut.size;
  }

  add(name: string, bucket: HistoryBucket): void {
    const steps = this.#stepsOf(name);
    if (steps === undefined) return;
    const step = Math.floor((bucket.startMs - this.#grid.startMs) / this.#grid.stepMs);
    const sums = steps.get(step) ?? new HistorySums();
    sums.merge(bucket.sums);
    steps.set(step, sums);
  }

  /** Those with most calls first. */
  sorted(): HistoryLine[] {
    const lines = [...this.#steps].map(([name, steps]) => ({
      name,
      steps,
      requests: [...steps.values()].reduce((sum, { requests }) => sum + requests, 0),
    }));
    return lines.toSorted((one, other) => other.requests - one.requests);
  }

  /** The steps of a name; undefined when there are too many names, which are counted only. */
  #stepsOf(name: string): Map<number, HistorySums> | undefined {
    const known = this.#steps.get(name);
    if (known !== undefined) return known;
    if (this.#steps.size >= namesMax) {
      if (this.#leftOut.size < namesMax) this.#leftOut.add(name);
      return undefined;
    }
    const steps = new Map<number, HistorySums>();
    this.#steps.set(name, steps);
    return steps;
  }
}

/** Series by name, those with most calls first. */
export async function linesOf(
  store: Pick<HistoryStore, "read">,
  grid: Grid,
  { by, names }: LinesWish,
): Promise<{ readonly lines: readonly HistoryLine[]; readonly leftOut: number }> {
  const { readMs, stepMs, startMs, count } = grid;
  const lines = new Lines(grid);
  const range = { stepMs: readMs, fromMs: startMs, toMs: startMs + count * stepMs };
  for await (const slice of store.read(range)) {
    for (const bucket of slice) {
      const name = bucket[by];
      if (name !== "" && (names.size === 0 || names.has(name))) lines.add(name, bucket);
    }
  }
  return { lines: lines.sorted(), leftOut: lines.leftOut };
}
