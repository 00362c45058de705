/** What several gateways share in Redis or Valkey: one link, and the limits over it. */

import type { SharedStoreSettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import { GatewaysSeen } from "#limits/gateways-seen.ts";
import type { LimitStore } from "#limits/limit-store.ts";
import type { LimitMetrics } from "#limits/metric-families.ts";
import { RedisLimits } from "#limits/redis-limits.ts";
import { StoreFallback } from "#limits/store-fallback.ts";
import type { Logger } from "#observability/logger.ts";
import { RedisLink } from "#redis/link.ts";
import type { RedisMetrics } from "#redis/metric-families.ts";

/** What is shared. Disposing of it gives back what this gateway holds. */
export interface SharedStore extends AsyncDisposable {
  readonly limits: LimitStore;
  /** Whether this gateway decides by itself now. */
  isAway(): boolean;
}

/** What the store writes to. */
export interface SharedStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LimitMetrics & RedisMetrics;
}

/**
 * Opens the store, whose leases of at most `bucketsMax` buckets are remembered. One that is away keeps no
 * one from calling, and is asked again.
 */
export async function openSharedStore(
  settings: SharedStoreSettings,
  bucketsMax: number,
  { clock, logger, metrics }: SharedStoreDeps,
): Promise<SharedStore> {
  await using opening = new AsyncDisposableStack();
  const { onStoreError } = settings;
  metrics.redisUp.set(1);
  const link = opening.use(
    new RedisLink(settings, {
      clock,
      onCall: (result) => metrics.redisCommands.inc({ result }),
      onState(state, error) {
        metrics.redisUp.set(state === "working" ? 1 : 0);
        if (state === "working") logger.info("Redis answers again: rate limits are shared");
        else {
          const facts = { error: error?.message, on_store_error: onStoreError };
          logger.error(facts, "Redis is away: rate limits are not shared");
        }
      },
    }),
  );
  await link.open();
  const seen = opening.use(
    new GatewaysSeen(link, clock, (count) => metrics.limitGateways.set(count)),
  );
  await seen.begin();
  const fallback = new StoreFallback(onStoreError, bucketsMax, {
    clock,
    metrics,
    gateways: () => seen.count,
  });
  const limits = opening.use(new RedisLimits(bucketsMax, { link, clock, metrics, fallback }));
  const owned = opening.move();
  return {
    limits,
    isAway: () => link.state === "away",
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
