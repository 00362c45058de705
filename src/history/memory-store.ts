/** A history in memory, bounded by the number of its buckets. */

import { setImmediate as turn } from "node:timers/promises";
import { type BucketKey, bucketText, type HistoryBucket } from "./bucket.ts";
import type { BucketRange, HistoryStore } from "./store.ts";

/** Buckets of each step; the oldest are forgotten first. One takes some 500 bytes. */
const bucketsMaxDefault = 20_000;
/** Buckets that are given at once. */
const sliceMax = 1_000;

/** Keeps buckets as long as the process lives. */
export class MemoryHistory implements HistoryStore {
  readonly #bucketsMax: number;
  /** By step, then by key, in the order of their first writing. */
  readonly #steps = new Map<number, Map<string, HistoryBucket>>();

  constructor(bucketsMax = bucketsMaxDefault) {
    this.#bucketsMax = bucketsMax;
  }

  /** How many are kept of a step. */
  count(stepMs: number): number {
    return this.#steps.get(stepMs)?.size ?? 0;
  }

  async write(buckets: readonly HistoryBucket[]): Promise<void> {
    for (const bucket of buckets) {
      const step = this.#stepOf(bucket);
      step.set(bucketText(bucket), bucket);
      if (step.size <= this.#bucketsMax) continue;
      const oldest = step.keys().next();
      if (!oldest.done) step.delete(oldest.value);
    }
  }

  async *read({ stepMs, fromMs, toMs }: BucketRange): AsyncGenerator<readonly HistoryBucket[]> {
    const all = [...(this.#steps.get(stepMs)?.values() ?? [])];
    for (let at = 0; at < all.length; at += sliceMax) {
      const slice = all.slice(at, at + sliceMax);
      yield slice.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
      await turn();
    }
  }

  async forget(stepMs: number, beforeMs: number): Promise<void> {
    const step = this.#steps.get(stepMs);
    if (step === undefined) return;
    for (const [key, { startMs }] of step) if (startMs < beforeMs) step.delete(key);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#steps.clear();
  }

  #stepOf({ stepMs }: BucketKey): Map<string, HistoryBucket> {
    const known = this.#steps.get(stepMs);
    if (known !== undefined) return known;
    const step = new Map<string, HistoryBucket>();
    this.#steps.set(stepMs, step);
    return step;
  }
}
