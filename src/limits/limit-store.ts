/** Where rate limits keep their buckets: an interface that a shared store may implement, and the buckets of this process. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import { type Bucket, type BucketLimits, fullBucket, type Take, take } from "./token-bucket.ts";

/** One bucket that a call takes from. */
export interface Ask {
  readonly key: string;
  readonly limits: BucketLimits;
  /** Tokens that the call costs. */
  readonly cost: number;
}

/** The outcome: tokens were taken from all buckets, or from none. */
export interface Reservation {
  /** The outcome per bucket, in the order of the request. */
  readonly takes: readonly Take[];
  /** 0 when granted; else milliseconds until all buckets would grant it. */
  readonly waitMs: number;
}

/** Where buckets are. */
export interface LimitStore {
  /** Returns at once where the buckets are in this process; a promise where they are shared. */
  reserve(asks: readonly Ask[]): Reservation | Promise<Reservation>;
}

/** Buckets of this process. The least recently used one is dropped first; it counts as full when it comes back. */
export class MemoryLimits implements LimitStore {
  /** Whose places are all made at once: not for those who call without limits. */
  readonly #buckets: () => LRUCache<string, Bucket>;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(bucketsMax: number, clock: Pick<Clock, "nowMs">) {
    this.#buckets = lazy(() => new LRUCache({ max: bucketsMax }));
    this.#clock = clock;
  }

  reserve(asks: readonly Ask[]): Reservation {
    const nowMs = this.#clock.nowMs();
    const takes: Take[] = [];
    let waitMs = 0;
    for (const { key, limits, cost } of asks) {
      const bucket = this.#buckets().get(key) ?? fullBucket(limits, nowMs);
      const taken = take(bucket, limits, { cost, nowMs });
      takes.push(taken);
      waitMs = Math.max(waitMs, taken.waitMs);
    }
    for (let place = 0; waitMs === 0 && place < asks.length; place += 1) {
      this.#buckets().set((asks[place] as Ask).key, (takes[place] as Take).bucket);
    }
    return { takes, waitMs };
  }
}
