/** Takes a token per call from the caller's buckets, and refuses when one is empty. */

import { isIP } from "node:net";
import type { Message } from "@bufbuild/protobuf";
import type { Interceptor } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { type Bucket, type BucketLimits, fullBucket, type Take, take } from "#core/token-bucket.ts";
import { fault } from "#errors/fault.ts";
import type { Metrics } from "#observability/metrics.ts";
import { callRecordKey, principalKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import { type AnyRequest, procedureOf } from "./outcome.ts";

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

/** The network that an address counts for: an IPv6 client owns a /64, so one address means nothing. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address;
  const [head = "", tail = ""] = address.split("::");
  const front = head === "" ? [] : head.split(":");
  const back = tail === "" ? [] : tail.split(":");
  const zeros = Array.from({ length: Math.max(0, 8 - front.length - back.length) }, () => "0");
  return [...front, ...zeros, ...back].slice(0, 4).join(":");
}

/** Who is charged: the principal, else the caller's network. */
function clientOf(request: AnyRequest): string {
  const principal = request.contextValues.get(principalKey);
  if (principal.authenticated) return `key:${principal.id}`;
  return `ip:${networkOf(request.contextValues.get(callRecordKey).clientAddress)}`;
}

/** What is left in the tightest of the buckets, as response fields. */
function fieldsOf({ limits, bucket, waitMs }: Applied & Take): Readonly<Record<string, string>> {
  return {
    "ratelimit-limit": String(limits.capacity),
    "ratelimit-remaining": String(waitMs > 0 ? 0 : Math.floor(bucket.tokens)),
    "ratelimit-reset": String(Math.ceil((limits.capacity - bucket.tokens) / limits.perSecond)),
  };
}

/**
 * Token buckets per client, and per client and route where a route has its own. A call costs a
 * token, and so does each message after the first that a client streams. What one bucket refuses
 * takes nothing from the others. Public methods cost nothing: probes must get through. Throws
 * RATE_LIMITED.
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

  const charge = (request: AnyRequest): Readonly<Record<string, string>> => {
    const { endpoint } = request.contextValues.get(callRecordKey);
    const labels = { client_id: request.contextValues.get(principalKey).id };
    const nowMs = clock.nowMs();
    const takes = limitsOf(clientOf(request), [procedureOf(request), endpoint]).map((applied) => {
      const bucket = buckets.get(applied.key) ?? fullBucket(applied.limits, nowMs);
      return { ...applied, ...take(bucket, applied.limits, { cost: 1, nowMs }) };
    });
    const waitMs = Math.max(...takes.map((one) => one.waitMs));
    const tightest = takes.reduce((a, b) => (b.bucket.tokens < a.bucket.tokens ? b : a));
    const headers = fieldsOf(tightest);
    metrics.rateLimitHits.inc(labels);
    if (waitMs > 0) {
      metrics.rateLimitBlocks.inc(labels);
      throw fault("RATE_LIMITED", `rate limit of ${tightest.limits.capacity} calls used up`, {
        retryAfterMs: waitMs,
        headers,
      });
    }
    for (const { key, bucket } of takes) buckets.set(key, bucket);
    return headers;
  };

  async function* charged(request: AnyRequest, messages: AsyncIterable<Message>) {
    let first = true;
    for await (const message of messages) {
      if (!first) charge(request);
      first = false;
      yield message;
    }
  }

  return (next) => async (request) => {
    if (methodFacts(request.method).isPublic) return next(request);
    const headers = charge(request);
    const response = await next(
      request.stream
        ? { ...request, message: charged(request, request.message) as never }
        : request,
    );
    for (const [name, value] of Object.entries(headers)) response.header.set(name, value);
    return response;
  };
}
