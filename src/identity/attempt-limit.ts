/** Limits failed credentials per address, so that guessing is slow and costs no hashing. */

import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { lazy } from "#core/lazy.ts";
import { networkOf } from "#core/network-of.ts";
import { type Bucket, type BucketLimits, fullBucket, take } from "#limits/token-bucket.ts";

/** Addresses remembered; the one that failed longest ago is forgotten, that is: may fail again. */
const addressesMax = 10_000;

/** Failures of each address. */
export interface AttemptLimit {
  /** Milliseconds until a credential from this address is looked at again; 0 when it is now. */
  waitMs(address: string): number;
  /** A credential from this address was not known. */
  failed(address: string): void;
}

/** At most `perMinute` failures of an address at once, and as many each minute; 0: no limit. */
export function createAttemptLimit(perMinute: number, clock: Clock): AttemptLimit {
  if (perMinute === 0) return { waitMs: () => 0, failed: () => {} };
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
  };
}
