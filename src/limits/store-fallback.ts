/** How limits work while the store that gateways share cannot be reached. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import { type Adjustment, type Ask, MemoryLimits, type Reservation } from "./limit-store.ts";
import type { LimitMetrics } from "./metric-families.ts";
import { type Bucket, type BucketLimits, fullBucket } from "./token-bucket.ts";

/** `local`: each gateway limits by itself, to its share; `deny`: calls are refused; `allow`: they are not limited. */
export type OnStoreError = "local" | "deny" | "allow";

/** What decides. */
export interface StoreFallbackDeps {
  readonly clock: Clock;
  readonly metrics: LimitMetrics;
  /** Gateways that share the limits. */
  readonly gateways: () => number;
}

/** When a refused call may try again: a store that is away is soon tried again too. */
const retryAfterMs = 1_000;

/** Decides without the store. */
export class StoreFallback {
  readonly #mode: OnStoreError;
  readonly #deps: StoreFallbackDeps;
  readonly #local: MemoryLimits;

  constructor(mode: OnStoreError, bucketsMax: number, deps: StoreFallbackDeps) {
    this.#mode = mode;
    this.#deps = deps;
    this.#local = new MemoryLimits(bucketsMax, deps.clock);
  }

  /** Throws LIMITS_UNAVAILABLE where calls are refused. */
  reserve(asks: readonly Ask[]): Reservation {
    this.#deps.metrics.limitStoreErrors.inc({ decided: this.#mode });
    switch (this.#mode) {
      case "local":
        return this.#local.reserve(
          asks.map((ask) => ({ ...ask, limits: this.#share(ask.limits) })),
        );
      case "allow": {
        const nowMs = this.#deps.clock.nowMs();
        const takes = asks.map(({ limits }) => ({ bucket: fullBucket(limits, nowMs), waitMs: 0 }));
        return { takes, waitMs: 0 };
      }
      case "deny":
        throw fault("LIMITS_UNAVAILABLE", "rate limits cannot be checked now", { retryAfterMs });
    }
  }

  read(key: string, limits: BucketLimits): Bucket {
    if (this.#mode === "local") return this.#local.read(key, this.#share(limits));
    return fullBucket(limits, this.#deps.clock.nowMs());
  }

  adjust(changes: readonly Adjustment[]): void {
    if (this.#mode !== "local") return;
    this.#local.adjust(changes.map((one) => ({ ...one, limits: this.#share(one.limits) })));
  }

  /** This gateway's part of a bucket: what costs more than that needs a full one. */
  #share({ capacity, perSecond }: BucketLimits): BucketLimits {
    const gateways = this.#deps.gateways();
    return {
      capacity: Math.max(Math.min(capacity, 1), capacity / gateways),
      perSecond: perSecond / gateways,
    };
  }
}
