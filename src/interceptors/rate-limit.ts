/** Takes a token per call from the caller's buckets, and refuses when one is empty. */

import type { Message } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import { LRUCache } from "lru-cache";
import type { Clock } from "#core/clock.ts";
import { remembered } from "#core/remembered.ts";
import { threeDigits } from "#core/three-digits.ts";
import { type Bucket, type BucketLimits, fullBucket, type Take, take } from "#core/token-bucket.ts";
import { fault } from "#errors/fault.ts";
import type { CounterSeries } from "#observability/family.ts";
import type { Metrics } from "#observability/metrics.ts";
import { callerOf } from "./caller.ts";
import { callRecordKey, principalKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import { procedureOf } from "./outcome.ts";

type AnyRequest = UnaryRequest | StreamRequest;

/** Limits of each client. */
export interface RateLimitOptions extends BucketLimits {
  /** Further buckets for calls whose procedure or endpoint begins with `match`. */
  readonly routes: readonly (BucketLimits & { readonly match: string })[];
  /** Buckets remembered; the one unused for longest is forgotten, that is: full again. */
  readonly clientsMax: number;
}

/** What one bucket says to a call. */
interface Tried extends Take {
  readonly key: string;
  readonly limits: BucketLimits;
}

/** What the rate limit reads and writes. */
export interface RateLimitDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** A limit in words: the rate is what counts in the long run, the burst what was just used. */
function rateText({ perSecond, capacity }: BucketLimits): string {
  const perMinute = threeDigits(perSecond * 60);
  return `${perMinute} calls per minute, ${capacity} at once,`;
}

/** What is left in a bucket, as response fields. */
function writeFields({ limits, bucket }: Tried, header: Headers): void {
  const resetSeconds = Math.ceil((limits.capacity - bucket.tokens) / limits.perSecond);
  header.set("ratelimit-limit", String(limits.capacity));
  header.set("ratelimit-remaining", String(Math.floor(bucket.tokens)));
  header.set("ratelimit-reset", String(resetSeconds));
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
  const hits = new Map<string, CounterSeries>();

  const countHit = (client_id: string) =>
    remembered(hits, client_id, () => metrics.rateLimitHits.labels({ client_id })).inc();
  const routeOf = (request: AnyRequest) => {
    if (options.routes.length === 0) return undefined;
    const names = [
      procedureOf(request.method),
      request.contextValues.get(callRecordKey).endpoint,
    ] as const;
    return options.routes.find(({ match }) => names.some((name) => name.startsWith(match)));
  };
  const tried = (key: string, limits: BucketLimits, nowMs: number): Tried => {
    const bucket = buckets.get(key) ?? fullBucket(limits, nowMs);
    return { key, limits, ...take(bucket, limits, { cost: 1, nowMs }) };
  };

  /** Takes the tokens; returns the tightest of the buckets. Throws RATE_LIMITED. */
  const charge = (request: AnyRequest): Tried => {
    const principal = request.contextValues.get(principalKey);
    const client = callerOf(request.contextValues);
    const nowMs = clock.nowMs();
    const own = tried(client, options, nowMs);
    const route = routeOf(request);
    const routed =
      route === undefined ? undefined : tried(`${client} ${route.match}`, route, nowMs);
    const tightest =
      routed !== undefined && routed.bucket.tokens < own.bucket.tokens ? routed : own;
    countHit(principal.id);
    const waitMs = Math.max(own.waitMs, routed?.waitMs ?? 0);
    if (waitMs > 0) {
      metrics.rateLimitBlocks.inc({ client_id: principal.id });
      const headers = new Headers();
      writeFields(tightest, headers);
      throw fault("RATE_LIMITED", `the limit of ${rateText(tightest.limits)} is used up`, {
        retryAfterMs: waitMs,
        headers: Object.fromEntries(headers),
      });
    }
    buckets.set(own.key, own.bucket);
    if (routed !== undefined) buckets.set(routed.key, routed.bucket);
    return tightest;
  };

  async function* charged(request: AnyRequest, messages: AsyncIterable<Message>) {
    let first = true;
    for await (const message of messages) {
      if (!first) charge(request);
      first = false;
      yield message;
    }
  }

  return (next) => (request) => {
    const { isPublic, isClientStream } = methodFacts(request.method);
    if (isPublic) return next(request);
    const tightest = charge(request);
    const answered = next(
      // The one message of other streams is charged with the call.
      request.stream && isClientStream
        ? { ...request, message: charged(request, request.message) as never }
        : request,
    );
    return answered.then((response) => {
      writeFields(tightest, response.header);
      return response;
    });
  };
}
