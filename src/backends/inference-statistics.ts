/** What each version of a model has done: counts and times since the start, in Triton's terms. */

import type { InferFailure, InferHandling, InferStatistics, Tally } from "#backends/backend.ts";
import type { Clock } from "#core/clock.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";

/** One version of a model. */
export interface ModelVersion {
  readonly model: string;
  readonly version: string;
}

/** An inference that was answered. */
export interface InferSuccess extends ModelVersion {
  readonly totalMs: number;
  readonly queueMs: number;
  readonly computeMs: number;
}

/** An inference that was not. */
export interface InferFail extends ModelVersion {
  readonly totalMs: number;
  readonly failure: InferFailure;
}

/** A run of the model on this many rows. */
export interface InferRun extends ModelVersion {
  readonly rows: number;
  readonly computeMs: number;
}

/** What came of a copy of a request, of the version that was given it. */
export interface InferShadow extends ModelVersion {
  readonly outcome: "agreed" | "differed" | "failed" | "skipped";
}

/** Notified of all that is counted, when it is; must not throw. */
export interface InferObserver {
  onSuccess(success: InferSuccess): void;
  onFail(fail: InferFail): void;
  onRun(run: InferRun): void;
  onHandling(handling: InferHandling): void;
  onShadow(shadow: InferShadow): void;
}

/** Versions that are remembered; of more the one that has been known longest is forgotten. */
export const versionsMax = 1024;

/** Numbers of rows that a version has a count of its own for; larger runs count as the largest. */
const batchSizesMax = 1024;

const rejections: ReadonlySet<string> = new Set(["OVERLOADED", "SHUTTING_DOWN"]);
const cancellations: ReadonlySet<string> = new Set(["CANCELLED", "DEADLINE_EXCEEDED"]);

/** What a failure is called in statistics. */
export function failureOf(thrown: unknown): InferFailure {
  const reason = reasonOf(faultFrom(thrown)) ?? "";
  if (rejections.has(reason)) return "REJECTED";
  if (cancellations.has(reason)) return "CANCELED";
  return reason.startsWith("BACKEND_") ? "BACKEND" : "OTHER";
}

class Sum implements Tally {
  count = 0;
  totalMs = 0;

  add(ms: number): void {
    this.count += 1;
    this.totalMs += ms;
  }

  get tally(): Tally {
    return { count: this.count, totalMs: this.totalMs };
  }
}

class Counts {
  inferences = 0;
  executions = 0;
  lastMs = 0;
  readonly success = new Sum();
  readonly fail = new Sum();
  readonly failures = { REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 };
  readonly queue = new Sum();
  readonly preprocess = new Sum();
  readonly compute = new Sum();
  readonly postprocess = new Sum();
  readonly cacheHit = new Sum();
  readonly cacheMiss = new Sum();
  readonly batches = new Map<number, Sum>();
  readonly shadow = { agreed: 0, differed: 0, failed: 0, skipped: 0 };
}

/** Counts everything it is notified of. */
export class Statistics implements InferObserver {
  readonly #clock: Clock;
  readonly #next: InferObserver | undefined;
  readonly #versions = new Map<string, { readonly of: ModelVersion; readonly counts: Counts }>();

  /** `next` is notified of the same. */
  constructor(clock: Clock, next?: InferObserver) {
    this.#clock = clock;
    this.#next = next;
  }

  onSuccess(success: InferSuccess): void {
    this.#next?.onSuccess(success);
    const counts = this.#counts(success);
    counts.success.add(success.totalMs);
    counts.queue.add(success.queueMs);
    counts.compute.add(success.computeMs);
    counts.lastMs = this.#clock.wallMs();
  }

  onFail(fail: InferFail): void {
    this.#next?.onFail(fail);
    const counts = this.#counts(fail);
    counts.fail.add(fail.totalMs);
    counts.failures[fail.failure] += 1;
    counts.lastMs = this.#clock.wallMs();
  }

  onRun(run: InferRun): void {
    this.#next?.onRun(run);
    const counts = this.#counts(run);
    counts.inferences += run.rows;
    counts.executions += 1;
    const rows = Math.min(run.rows, batchSizesMax);
    const sum = counts.batches.get(rows) ?? new Sum();
    counts.batches.set(rows, sum);
    sum.add(run.computeMs);
  }

  onHandling(handling: InferHandling): void {
    this.#next?.onHandling(handling);
    const counts = this.#counts(handling);
    if (handling.preprocessMs !== undefined) counts.preprocess.add(handling.preprocessMs);
    if (handling.postprocessMs !== undefined) counts.postprocess.add(handling.postprocessMs);
    const { cache } = handling;
    if (cache?.result === "miss") counts.cacheMiss.add(cache.ms);
    if (cache?.result === "hit") {
      counts.cacheHit.add(cache.ms);
      counts.success.add(cache.ms);
    }
  }

  onShadow(shadow: InferShadow): void {
    this.#next?.onShadow(shadow);
    this.#counts(shadow).shadow[shadow.outcome] += 1;
  }

  /** Everything, by model and version. */
  all(): readonly InferStatistics[] {
    return this.#versions
      .values()
      .map(({ of, counts }) => ({
        ...of,
        inferences: counts.inferences,
        executions: counts.executions,
        lastMs: counts.lastMs,
        success: counts.success.tally,
        fail: counts.fail.tally,
        failures: { ...counts.failures },
        queue: counts.queue.tally,
        preprocess: counts.preprocess.tally,
        compute: counts.compute.tally,
        postprocess: counts.postprocess.tally,
        cacheHit: counts.cacheHit.tally,
        cacheMiss: counts.cacheMiss.tally,
        ...shadowOf(counts),
        batches: [...counts.batches]
          .map(([rows, sum]) => ({ rows, compute: sum.tally }))
          .sort((a, b) => a.rows - b.rows),
      }))
      .toArray()
      .sort(byName);
  }

  #counts({ model, version }: ModelVersion): Counts {
    const key = `${model}\n${version}`;
    const known = this.#versions.get(key);
    if (known !== undefined) return known.counts;
    const [oldest] = this.#versions.keys();
    if (this.#versions.size >= versionsMax && oldest !== undefined) this.#versions.delete(oldest);
    const counts = new Counts();
    this.#versions.set(key, { of: { model, version }, counts });
    return counts;
  }
}

function shadowOf({ shadow }: Counts): Pick<InferStatistics, "shadow"> {
  const { agreed, differed, failed, skipped } = shadow;
  if (agreed + differed + failed + skipped === 0) return {};
  return { shadow: { compared: agreed + differed, agreed, failed, skipped } };
}

function byName(a: ModelVersion, b: ModelVersion): number {
  if (a.model !== b.model) return a.model < b.model ? -1 : 1;
  // Servers may have words for versions.
  return a.version.localeCompare(b.version, "en", { numeric: true });
}
