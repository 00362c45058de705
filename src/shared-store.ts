/** What several gateways share in Redis or Valkey: limits, responses that are kept, and which sessions were ended. */

import type { CacheMetrics } from "#cache/metric-families.ts";
import { SharedResponses, type SharedResponsesOptions } from "#cache/shared-responses.ts";
import type { SharedStoreSettings } from "#config/settings.ts";
import type { Clock } from "#core/clock.ts";
import { GatewaysSeen } from "#limits/gateways-seen.ts";
import type { LimitStore } from "#limits/limit-store.ts";
import type { LimitMetrics } from "#limits/metric-families.ts";
import { RedisLimits } from "#limits/redis-limits.ts";
import { StoreFallback } from "#limits/store-fallback.ts";
import type { Logger } from "#observability/logger.ts";
import { SharedEndedSessions } from "#portal/shared-ended-sessions.ts";
import { RedisLink } from "#redis/link.ts";
import type { RedisMetrics } from "#redis/metric-families.ts";

/** What is shared. Disposing of it gives back what this gateway holds. */
export interface SharedStore extends AsyncDisposable {
  /** Absent where nothing is limited. */
  readonly limits: LimitStore | undefined;
  /** Absent where responses are not shared. */
  readonly responses: SharedResponses | undefined;
  /** Of the portal; connects when there is the first one. */
  readonly endedSessions: SharedEndedSessions;
  /** Whether this gateway decides about limits by itself now. */
  isAway(): boolean;
}

/** What is to be shared. */
export interface Shares {
  readonly redis: SharedStoreSettings;
  /** Buckets of which leases are remembered; absent: nothing is limited. */
  readonly bucketsMax?: number | undefined;
  /** Absent: responses are not shared. */
  readonly responses?: SharedResponsesOptions | undefined;
}

/** What the store writes to. */
export interface SharedStoreDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: LimitMetrics & RedisMetrics & CacheMetrics;
}

/** Opens the store. One that is away keeps no one from calling, and is asked again. */
export async function openSharedStore(
  { redis, bucketsMax, responses }: Shares,
  deps: SharedStoreDeps,
): Promise<SharedStore> {
  await using opening = new AsyncDisposableStack();
  const links = opening.use(new AsyncDisposableStack());
  const limits =
    bucketsMax === undefined ? undefined : await openLimits(redis, bucketsMax, deps, opening);
  const shared =
    responses === undefined ? undefined : await openResponses(redis, responses, deps, opening);
  const endedSessions = opening.use(
    new SharedEndedSessions({
      clock: deps.clock,
      openLink: async () => links.use(await openLink(redis, deps, sessions)),
    }),
  );
  const owned = opening.move();
  return {
    limits: limits?.store,
    responses: shared,
    endedSessions,
    isAway: () => limits?.link.state === "away",
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function openLimits(
  redis: SharedStoreSettings,
  bucketsMax: number,
  deps: SharedStoreDeps,
  opening: AsyncDisposableStack,
) {
  const { clock, metrics } = deps;
  const { onStoreError } = redis;
  const link = opening.use(
    await openLink(redis, deps, {
      ...{ use: "limits", what: "rate limits", facts: { on_store_error: onStoreError } },
    }),
  );
  const seen = opening.use(
    new GatewaysSeen(link, clock, (count) => metrics.limitGateways.set(count)),
  );
  await seen.begin();
  const fallback = new StoreFallback(onStoreError, bucketsMax, {
    ...{ clock, metrics, gateways: () => seen.count },
  });
  const store = new RedisLimits(bucketsMax, { link, clock, metrics, fallback });
  return { link, store: opening.use(store) };
}

/** Over a connection of their own: limits do not wait for a megabyte before them. */
async function openResponses(
  redis: SharedStoreSettings,
  options: SharedResponsesOptions,
  deps: SharedStoreDeps,
  opening: AsyncDisposableStack,
): Promise<SharedResponses> {
  const { clock, metrics } = deps;
  const link = opening.use(
    await openLink(redis, deps, { use: "cache", what: "cached responses", facts: {} }),
  );
  const responses = opening.use(new SharedResponses(options, { link, clock, metrics }));
  await responses.begin();
  return responses;
}

/** What a link is for: in metrics, in words, and what more the log says of it. */
interface Purpose {
  readonly use: "limits" | "cache" | "sessions";
  readonly what: string;
  readonly facts: Readonly<Record<string, string>>;
}

const sessions: Purpose = { use: "sessions", what: "sessions that were ended", facts: {} };

/** Connects, and tells of each change. */
async function openLink(
  settings: SharedStoreSettings,
  { clock, logger, metrics }: SharedStoreDeps,
  { use, what, facts }: Purpose,
): Promise<RedisLink> {
  metrics.redisUp.set({ use }, 1);
  const link = new RedisLink(settings, {
    clock,
    onCall: (result) => metrics.redisCommands.inc({ use, result }),
    onState(state, error) {
      metrics.redisUp.set({ use }, state === "working" ? 1 : 0);
      if (state === "working") logger.info(`Redis answers again: ${what} are shared`);
      else {
        logger.error({ error: error?.message, ...facts }, `Redis is away: ${what} are not shared`);
      }
    },
  });
  await link.open();
  return link;
}
