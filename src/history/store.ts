/** What keeps a history: in memory, in a file, or elsewhere. Types, and the steps of time that are kept. */

import type { HistoryBucket } from "./bucket.ts";

/** A step of time and how long its buckets are kept. */
export interface Resolution {
  readonly stepMs: number;
  readonly keptMs: number;
}

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
/** The coarsest step. */
export const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** The steps that are kept, from the finest to the coarsest. */
export function resolutionsOf(retentionMs: number): readonly [Resolution, Resolution, Resolution] {
  return [
    { stepMs: 10 * secondMs, keptMs: hourMs },
    { stepMs: minuteMs, keptMs: Math.min(retentionMs, dayMs + hourMs) },
    { stepMs: hourMs, keptMs: Math.max(retentionMs, hourMs) },
  ];
}

/** Buckets that are asked for: those of this step that begin at or after `fromMs` and before `toMs`. */
export interface BucketRange {
  readonly stepMs: number;
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Keeps buckets. Several gateways may share one: each writes its own buckets, and reading gives those
 * of all. Every method may reject; the caller goes on without.
 */
export interface HistoryStore extends AsyncDisposable {
  /** Puts buckets in the place of those of the same key that this gateway wrote before; all or none. */
  write(buckets: readonly HistoryBucket[]): Promise<void>;
  /** Buckets of a range in slices, each small enough that making it keeps no one waiting. */
  read(range: BucketRange): AsyncIterable<readonly HistoryBucket[]>;
  /**
   * Forgets buckets of this step that begin before `beforeMs`, and none that begin later. Who keeps
   * them in partitions forgets those of a partition together, once all of them are so old.
   */
  forget(stepMs: number, beforeMs: number): Promise<void>;
}
