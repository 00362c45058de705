/** What callers may use: the seam behind which buckets may be shared, and the buckets of this process. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { type Bucket, type BucketLimits, fullBucket, type Take, take } from "./token-bucket.ts";

/** One bucket that a call takes from. */
export interface Ask {
  readonly key: string;
  readonly limits: BucketLimits;
  /** Tokens that the call costs. */
  readonly cost: number;
}

/** What was taken, of all buckets or of none. */
export interface Reservation {
  /** What each bucket says, in the order in which they were asked. */
  readonly takes: readonly Take[];
  /** 0 when granted, else how long until all of them would, in milliseconds. */
  readonly waitMs: number;
}

/** Where buckets are. */
export interface LimitStore {
  /** At once where the buckets are here; a promise where they are shared with others. */
  reserve(asks: readonly Ask[]): Reservation | Promise<Reservation>;
}

/** Buckets of this process; the one unused for longest is forgotten, that is: full again. */
export class MemoryLimits implements LimitStore {
  readonly #buckets: LRUCache<string, Bucket>;
  readonly #clock: Pick<Clock, "nowMs">;

  constructor(bucketsMax: number, clock: Pick<Clock, "nowMs">) {
    this.#buckets = new LRUCache({ max: bucketsMax });
    this.#clock = clock;
  }

  reserve(asks: readonly Ask[]): Reservation {
    const nowMs = this.#clock.nowMs();
    const takes: Take[] = [];
    let waitMs = 0;
    for (const { key, limits, cost } of asks) {
      const bucket = this.#buckets.get(key) ?? fullBucket(limits, nowMs);
      const taken = take(bucket, limits, { cost, nowMs });
      takes.push(taken);
      waitMs = Math.max(waitMs, taken.waitMs);
    }
    for (let place = 0; waitMs === 0 && place < asks.length; place += 1) {
      this.#buckets.set((asks[place] as Ask).key, (takes[place] as Take).bucket);
    }
    return { takes, waitMs };
  }
}
