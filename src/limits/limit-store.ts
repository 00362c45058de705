/** Where rate limits keep their buckets: an interface that a shared store may implement, and the buckets of this process. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import {
  add,
  type Bucket,
  type BucketLimits,
  fullBucket,
  isLasting,
  type Take,
  take,
} from "./token-bucket.ts";

/** One bucket that a call takes from. */
export interface Ask {
  readonly key: string;
  readonly limits: BucketLimits;
  /** Tokens that the call costs; more than the bucket holds needs a full one, and the rest is owed. */
  readonly cost: number;
}

/** The outcome: tokens were taken from all buckets, or from none. */
export interface Reservation {
  /** The outcome per bucket, in the order of the request. */
  readonly takes: readonly Take[];
  /** 0 when granted; else milliseconds until all buckets would grant it, Infinity where one never will. */
  readonly waitMs: number;
}

/** A correction of what a call took, once it is known what it used. */
export interface Adjustment {
  readonly key: string;
  readonly limits: BucketLimits;
  /** Tokens that come back; negative: that are taken as well, whether the bucket holds them or not. */
  readonly tokens: number;
}

/** Where buckets are. */
export interface LimitStore {
  /** Returns at once where the buckets are in this process; a promise where they are shared. */
  reserve(asks: readonly Ask[]): Reservation | Promise<Reservation>;
  /**
   * Corrects earlier reservations. No call waits for it: where buckets are shared it is done later,
   * and what fails is counted there. A bucket never holds more than its capacity, and owes no more
   * than that.
   */
  adjust(changes: readonly Adjustment[]): void;
  /** A bucket as it is now; full where nothing is known of it. */
  read(key: string, limits: BucketLimits): Bucket | Promise<Bucket>;
  /** Makes a bucket full; false where nothing was known of it. */
  reset(key: string): boolean | Promise<boolean>;
}

/**
 * Buckets of this process. The least recently used one is dropped first; it counts as full when it comes
 * back. Those that refill in more than a day, if ever, which are budgets, have places of their own: no
 * number of callers with other limits pushes out what was spent.
 */
export class MemoryLimits implements LimitStore {
  /** Whose places are all made at once: not for those who call without limits. */
  readonly #refilling: () => LRUCache<string, Bucket>;
  readonly #lasting: () => LRUCache<string, Bucket>;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(bucketsMax: number, clock: Pick<Clock, "nowMs">) {
    this.#refilling = lazy(() => new LRUCache({ max: bucketsMax }));
    this.#lasting = lazy(() => new LRUCache({ max: bucketsMax }));
    this.#clock = clock;
  }

  reserve(asks: readonly Ask[]): Reservation {
    const nowMs = this.#clock.nowMs();
    const takes = asks.map((ask) => this.#take(ask, nowMs));
    let waitMs = 0;
    for (const taken of takes) waitMs = Math.max(waitMs, taken.waitMs);
    for (let place = 0; waitMs === 0 && place < asks.length; place += 1) {
      const { key, limits } = asks[place] as Ask;
      this.#bucketsOf(limits).set(key, (takes[place] as Take).bucket);
    }
    return { takes, waitMs };
  }

  #take({ key, limits, cost }: Ask, nowMs: number): Take {
    const bucket = this.#bucketsOf(limits).get(key) ?? fullBucket(limits, nowMs);
    return take(bucket, limits, { cost, nowMs });
  }

  adjust(changes: readonly Adjustment[]): void {
    for (const { key, limits, tokens } of changes) {
      this.#bucketsOf(limits).set(key, add(this.read(key, limits), limits, tokens));
    }
  }

  read(key: string, limits: BucketLimits): Bucket {
    const nowMs = this.#clock.nowMs();
    const bucket = this.#bucketsOf(limits).peek(key) ?? fullBucket(limits, nowMs);
    return take(bucket, limits, { cost: 0, nowMs }).bucket;
  }

  reset(key: string): boolean {
    const wasRefilling = this.#refilling().delete(key);
    return this.#lasting().delete(key) || wasRefilling;
  }

  #bucketsOf(limits: BucketLimits): LRUCache<string, Bucket> {
    return isLasting(limits) ? this.#lasting() : this.#refilling();
  }
}
