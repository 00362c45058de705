/** Takes a token per call from the caller's buckets, and refuses when one is empty. */

import type { Interceptor } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { type Bucket, type BucketLimits, fullBucket, take } from "#core/token-bucket.ts";
import { fault } from "#errors/fault.ts";
import type { Metrics } from "#observability/metrics.ts";
import { callRecordKey, principalKey } from "./context.ts";
import { procedureOf } from "./outcome.ts";

/** Limits of each client. */
export interface RateLimitOptions extends BucketLimits {
  /** Further buckets for calls whose procedure or endpoint begins with `match`. */
  readonly routes: readonly (BucketLimits & { readonly match: string })[];
  /** Buckets remembered; the one unused for longest is forgotten, that is: full again. */
  readonly clientsMax: number;
}

/** One limit that applies to a call, with the caller's bucket key. */
interface Applied {
  readonly key: string;
  readonly limits: BucketLimits;
}

/** What the rate limit reads and writes. */
export interface RateLimitDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/**
 * Token buckets per client (principal, else address), and per client and route where a route has
 * its own. A call that one bucket refuses takes nothing from the others. Throws RATE_LIMITED.
 */
export function rateLimit(
  options: RateLimitOptions,
  { clock, metrics }: RateLimitDeps,
): Interceptor {
  const buckets = new LRUCache<string, Bucket>({ max: options.clientsMax });

  const limitsOf = (client: string, names: readonly string[]): Applied[] => {
    const route = options.routes.find(({ match }) => names.some((name) => name.startsWith(match)));
    const all: Applied = { key: client, limits: options };
    return route === undefined ? [all] : [all, { key: `${client} ${route.match}`, limits: route }];
  };

  return (next) => async (request) => {
    const record = request.contextValues.get(callRecordKey);
    const principal = request.contextValues.get(principalKey);
    const client = principal.authenticated ? `key:${principal.id}` : `ip:${record.clientAddress}`;
    const nowMs = clock.nowMs();
    const takes = limitsOf(client, [procedureOf(request), record.endpoint]).map((applied) => {
      const bucket = buckets.get(applied.key) ?? fullBucket(applied.limits, nowMs);
      return { ...applied, ...take(bucket, applied.limits, { cost: 1, nowMs }) };
    });
    const waitMs = Math.max(...takes.map((one) => one.waitMs));
    const tightest = takes.reduce((a, b) => (b.bucket.tokens < a.bucket.tokens ? b : a));
    const headers = {
      "ratelimit-limit": String(tightest.limits.capacity),
      "ratelimit-remaining": String(waitMs > 0 ? 0 : Math.floor(tightest.bucket.tokens)),
      "ratelimit-reset": String(
        Math.ceil((tightest.limits.capacity - tightest.bucket.tokens) / tightest.limits.perSecond),
      ),
    };
    metrics.rateLimitHits.inc({ client_id: principal.id });
    if (waitMs > 0) {
      metrics.rateLimitBlocks.inc({ client_id: principal.id });
      throw fault("RATE_LIMITED", `rate limit of ${tightest.limits.capacity} calls used up`, {
        retryAfterMs: waitMs,
        headers,
      });
    }
    for (const { key, bucket } of takes) buckets.set(key, bucket);
    const response = await next(request);
    for (const [name, value] of Object.entries(headers)) response.header.set(name, value);
    return response;
  };
}
