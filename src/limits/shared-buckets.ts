/** Buckets that the threads of a process share: each reservation is decided at once, and in one piece. */

import type { Clock } from "#core/clock.ts";
import type { Adjustment, Ask, LimitStore, Reservation } from "./limit-store.ts";
import {
  bucketWays,
  type LimitsMemory,
  locked,
  type MemoryKey,
  memoryKeys,
  partsOf,
} from "./shared-memory.ts";
import {
  add,
  type Bucket,
  type BucketLimits,
  fullBucket,
  isLasting,
  type Take,
  take,
} from "./token-bucket.ts";

/** Which thread asks, and what the time is for all of them. */
export interface SharedBucketsDeps {
  /** Counts from 1. */
  readonly thread: number;
  /** Monotonic, from one origin in all threads. */
  readonly clock: Pick<Clock, "nowMs">;
}

/**
 * The store. A bucket lies in a set of eight; where all of them are taken the one used least recently is
 * dropped, and counts as full when it comes back. Budgets have places of their own, as in MemoryLimits.
 */
export class SharedBuckets implements LimitStore {
  readonly #memory: LimitsMemory;
  readonly #deps: SharedBucketsDeps;
  readonly #lock: Int32Array;
  readonly #keys: Int32Array;
  readonly #values: Float64Array;
  readonly #keyOf: (text: string) => MemoryKey;

  constructor(memory: LimitsMemory, deps: SharedBucketsDeps) {
    const { lock, bucketKeys, bucketValues } = partsOf(memory);
    this.#memory = memory;
    this.#deps = deps;
    this.#lock = lock;
    this.#keys = bucketKeys;
    this.#values = bucketValues;
    this.#keyOf = memoryKeys(memory.seed);
  }

  reserve(asks: readonly Ask[]): Reservation {
    return this.#alone(() => {
      const nowMs = this.#deps.clock.nowMs();
      const takes: Take[] = [];
      let waitMs = 0;
      for (const { key, limits, cost } of asks) {
        const bucket = this.#bucketAt(this.#find(key, limits)) ?? fullBucket(limits, nowMs);
        const taken = take(bucket, limits, { cost, nowMs });
        takes.push(taken);
        waitMs = Math.max(waitMs, taken.waitMs);
      }
      for (let place = 0; waitMs === 0 && place < asks.length; place += 1) {
        const { key, limits } = asks[place] as Ask;
        this.#write(key, limits, (takes[place] as Take).bucket);
      }
      return { takes, waitMs };
    });
  }

  adjust(changes: readonly Adjustment[]): void {
    this.#alone(() => {
      for (const { key, limits, tokens } of changes) {
        this.#write(key, limits, add(this.#read(key, limits), limits, tokens));
      }
    });
  }

  read(key: string, limits: BucketLimits): Bucket {
    return this.#alone(() => this.#read(key, limits));
  }

  reset(key: string): boolean {
    return this.#alone(() => {
      let wasKnown = false;
      for (const isForBudgets of [false, true]) {
        const at = this.#findIn(key, isForBudgets);
        if (at === undefined) continue;
        this.#keys.fill(0, 2 * at, 2 * at + 2);
        wasKnown = true;
      }
      return wasKnown;
    });
  }

  #alone<T>(work: () => T): T {
    return locked(this.#lock, this.#deps.thread, work);
  }

  #read(key: string, limits: BucketLimits): Bucket {
    const nowMs = this.#deps.clock.nowMs();
    const bucket = this.#bucketAt(this.#find(key, limits)) ?? fullBucket(limits, nowMs);
    return take(bucket, limits, { cost: 0, nowMs }).bucket;
  }

  #bucketAt(at: number | undefined): Bucket | undefined {
    if (at === undefined) return undefined;
    return { tokens: this.#values[2 * at] as number, atMs: this.#values[2 * at + 1] as number };
  }

  #find(key: string, limits: BucketLimits): number | undefined {
    return this.#findIn(key, isLasting(limits));
  }

  /** The first entry of a key's set. */
  #setOf({ low }: MemoryKey, isForBudgets: boolean): number {
    const { buckets } = this.#memory;
    const set = (low >>> 1) % (buckets / bucketWays);
    return (isForBudgets ? buckets : 0) + set * bucketWays;
  }

  #findIn(text: string, isForBudgets: boolean): number | undefined {
    const key = this.#keyOf(text);
    const first = this.#setOf(key, isForBudgets);
    for (let at = first; at < first + bucketWays; at += 1) {
      if (this.#keys[2 * at] === key.high && this.#keys[2 * at + 1] === key.low) return at;
    }
    return undefined;
  }

  #write(text: string, limits: BucketLimits, { tokens, atMs }: Bucket): void {
    const key = this.#keyOf(text);
    const at = this.#find(text, limits) ?? this.#oldest(this.#setOf(key, isLasting(limits)));
    this.#values[2 * at] = tokens;
    this.#values[2 * at + 1] = atMs;
    this.#keys[2 * at] = key.high;
    this.#keys[2 * at + 1] = key.low;
  }

  /** The entry of a set that is free, or whose bucket was used least recently. */
  #oldest(first: number): number {
    let oldest = first;
    let oldestMs = Number.POSITIVE_INFINITY;
    for (let at = first; at < first + bucketWays; at += 1) {
      if (this.#keys[2 * at + 1] === 0) return at;
      const atMs = this.#values[2 * at + 1] as number;
      if (atMs >= oldestMs) continue;
      oldest = at;
      oldestMs = atMs;
    }
    return oldest;
  }
}
