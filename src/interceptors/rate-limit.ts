/** Takes a token per call from the caller's buckets, and refuses when one is empty. */

import type { Message } from "@bufbuild/protobuf";
import type { Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { getOrCreate } from "#core/get-or-create.ts";
import { threeDigits } from "#core/three-digits.ts";
import { fault } from "#errors/fault.ts";
import { type Ask, type LimitStore, MemoryLimits, type Reservation } from "#limits/limit-store.ts";
import type { BucketLimits, Take } from "#limits/token-bucket.ts";
import type { CounterSeries } from "#observability/family.ts";
import { callerOf } from "./caller.ts";
import { callRecordKey, principalKey } from "./context.ts";
import { methodFacts } from "./method-facts.ts";
import type { CallMetrics } from "./metric-families.ts";
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
  readonly limits: BucketLimits;
}

/** What the rate limit reads and writes. */
export interface RateLimitDeps {
  readonly clock: Clock;
  readonly metrics: CallMetrics;
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

/** The bucket in which least is left. */
function tightestOf(asks: readonly Ask[], takes: readonly Take[]): Tried {
  let [least] = takes as readonly [Take];
  let limits = asks[0]?.limits;
  for (let place = 1; place < takes.length; place += 1) {
    const one = takes[place] as Take;
    if (one.bucket.tokens >= least.bucket.tokens) continue;
    least = one;
    limits = asks[place]?.limits;
  }
  return { ...least, limits: limits as BucketLimits };
}

/**
 * Token buckets per client, and per client and route where a route has its own. A call costs a
 * token, and so does each message after the first that a client streams, but for the pieces of one
 * body. What one bucket refuses takes nothing from the others. Public methods cost nothing: probes
 * must get through. Throws RATE_LIMITED.
 */
export function rateLimit(
  options: RateLimitOptions,
  { clock, metrics }: RateLimitDeps,
  store: LimitStore = new MemoryLimits(options.clientsMax, clock),
): Interceptor {
  const hits = new Map<string, CounterSeries>();

  const countHit = (client_id: string) =>
    getOrCreate(hits, client_id, () => metrics.rateLimitHits.labels({ client_id })).inc();
  const routeOf = (request: AnyRequest) => {
    if (options.routes.length === 0) return undefined;
    const names = [
      procedureOf(request.method),
      request.contextValues.get(callRecordKey).endpoint,
    ] as const;
    return options.routes.find(({ match }) => names.some((name) => name.startsWith(match)));
  };
  const asksOf = (request: AnyRequest): readonly Ask[] => {
    const client = callerOf(request.contextValues);
    const route = routeOf(request);
    const own = { key: client, limits: options, cost: 1 };
    return route === undefined
      ? [own]
      : [own, { key: `${client} ${route.match}`, limits: route, cost: 1 }];
  };

  /** The tightest of the buckets. Throws RATE_LIMITED for a reservation that was not granted. */
  const charged = (
    request: AnyRequest,
    asks: readonly Ask[],
    { takes, waitMs }: Reservation,
  ): Tried => {
    const { id } = request.contextValues.get(principalKey);
    const tightest = tightestOf(asks, takes);
    countHit(id);
    if (waitMs === 0) return tightest;
    metrics.rateLimitBlocks.inc({ client_id: id });
    const headers = new Headers();
    writeFields(tightest, headers);
    throw fault("RATE_LIMITED", `the limit of ${rateText(tightest.limits)} is used up`, {
      retryAfterMs: waitMs,
      headers: Object.fromEntries(headers),
    });
  };
  /** Takes the tokens: at once where the buckets are here. */
  const charge = (request: AnyRequest): Tried | Promise<Tried> => {
    const asks = asksOf(request);
    const reserved = store.reserve(asks);
    return reserved instanceof Promise
      ? reserved.then((late) => charged(request, asks, late))
      : charged(request, asks, reserved);
  };

  async function* chargedMessages(request: AnyRequest, messages: AsyncIterable<Message>) {
    let first = true;
    for await (const message of messages) {
      const charging = first ? undefined : charge(request);
      if (charging instanceof Promise) await charging;
      first = false;
      yield message;
    }
  }

  return (next) => (request) => {
    const { isPublic, isClientStream, takesPieces } = methodFacts(request.method);
    if (isPublic) return next(request);
    const go = (tightest: Tried) =>
      next(
        // The one message of other streams is charged with the call.
        request.stream && isClientStream && !takesPieces
          ? { ...request, message: chargedMessages(request, request.message) as never }
          : request,
      ).then((response) => {
        writeFields(tightest, response.header);
        return response;
      });
    const tightest = charge(request);
    return tightest instanceof Promise ? tightest.then(go) : go(tightest);
  };
}
