/** Limits failed credentials per address: guessing becomes slow, and further guesses are not even hashed. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import { networkOf } from "#core/network-of.ts";
import { add, type Bucket, type BucketLimits, fullBucket, take } from "#limits/token-bucket.ts";

/** Most addresses kept; the one whose failure is longest ago is dropped first. */
const addressesMax = 10_000;

/** Failures of each address. */
export interface AttemptLimit {
  /** Milliseconds until credentials from this address are checked again; 0 when they are now. */
  waitMs(address: string): number;
  /** An unknown credential came from this address. */
  failed(address: string): void;
  /** One that was counted as failed while it was looked at has turned out to be known. */
  passed(address: string): void;
}

/** Allows each address `perMinute` failures at once, refilled over a minute; 0: no limit. */
export function createAttemptLimit(perMinute: number, clock: Clock): AttemptLimit {
  if (perMinute === 0) return { waitMs: () => 0, failed: () => {}, passed: () => {} };
  const limits: BucketLimits = { capacity: perMinute, perSecond: perMinute / 60 };
  const buckets = lazy(() => new LRUCache<string, Bucket>({ max: addressesMax }));
  const tried = (network: string) => {
    const nowMs = clock.nowMs();
    return take(buckets().get(network) ?? fullBucket(limits, nowMs), limits, { cost: 1, nowMs });
  };
  return {
    waitMs: (address) => tried(networkOf(address)).waitMs,
    failed(address) {
      const network = networkOf(address);
      buckets().set(network, tried(network).bucket);
    },
    passed(address) {
      const network = networkOf(address);
      const bucket = buckets().get(network);
      if (bucket !== undefined) buckets().set(network, add(bucket, limits, 1));
    },
  };
}
