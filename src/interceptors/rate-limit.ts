/** Takes a request, and a place in progress, of each limit that a call has to pass, and refuses it when one has none. */

import type { Message } from "@bufbuild/protobuf";
import type { ContextValues, Interceptor, StreamRequest, UnaryRequest } from "@connectrpc/connect";
import type { Clock } from "#core/clock.ts";
import { memoizeByString } from "#core/get-or-create.ts";
import { networkOf } from "#core/network-of.ts";
import type { Allowance, Principal } from "#identity/credentials.ts";
import type { CallLimits, Granted, Refusal } from "#limits/call-limits.ts";
import { type LimitOptions, noTerms } from "#limits/limit-options.ts";
import type { Caller, Limiter } from "#limits/limiter.ts";
import type { Terms } from "#limits/owner.ts";
import type { CounterSeries } from "#observability/family.ts";
import { allowanceTerms, termsLeft } from "./allowance-terms.ts";
import { callerOf } from "./caller.ts";
import { callLimitsKey, callOverKey, callRecordKey, principalKey } from "./context.ts";
import { refusalFault, writeStandings } from "./limit-words.ts";
import { methodFacts } from "./method-facts.ts";
import type { CallMetrics } from "./metric-families.ts";
import { type CallWatch, procedureOf } from "./outcome.ts";

type AnyRequest = UnaryRequest | StreamRequest;

/** What the rate limit writes to. */
export interface RateLimitDeps {
  readonly clock: Pick<Clock, "wallMs">;
  readonly metrics: CallMetrics;
}

/** What is counted of one client. */
interface Counted {
  readonly hits: CounterSeries;
  readonly refused: () => void;
}

/** Gives back what calls hold in progress, however they end. */
export function limitsEnd(): CallWatch {
  return () => (values) => () => {
    const limits = values.get(callLimitsKey);
    if (limits === undefined) values.set(callOverKey, true);
    else limits.end();
  };
}

/** Terms by allowance, each made once; an allowance lives as long as its principal. */
function remembered(make: (allowance: Allowance) => Terms): (allowance: Allowance) => Terms {
  const known = new WeakMap<Allowance, Terms>();
  return (allowance) => {
    const before = known.get(allowance);
    if (before !== undefined) return before;
    const terms = make(allowance);
    known.set(allowance, terms);
    return terms;
  };
}

/** What allowances come to where `others` hold for what they leave out. */
function rememberedTerms(others: Terms): (allowance: Allowance) => Terms {
  return remembered((allowance) => allowanceTerms(allowance, others));
}

/** What a principal may use by itself where its call came in. */
type OwnTerms = Pick<Caller, "terms" | "listener">;

/** Finds it by the listener and the principal's own allowance; each is made once. */
function ownTerms({
  client,
  listeners,
}: LimitOptions): (listener: string, allowance: Allowance | undefined) => OwnTerms {
  const ofPrincipals = rememberedTerms(client);
  const general = (_listener: string, allowance: Allowance | undefined): OwnTerms => ({
    terms: allowance === undefined ? client : ofPrincipals(allowance),
  });
  if (listeners === undefined) return general;
  const alone = rememberedTerms(noTerms);
  const known = new Map(
    [...listeners].map(([name, terms]) => {
      const { client: here } = terms;
      const left = here && remembered((allowance) => termsLeft(here, allowance));
      return [name, { listener: { name, ...terms }, left }] as const;
    }),
  );
  return (name, allowance) => {
    const { listener, left } = known.get(name) ?? {};
    if (listener === undefined || left === undefined) {
      return { ...general(name, allowance), listener };
    }
    // What its own allowance leaves out is the listener's to say.
    if (allowance === undefined) return { terms: noTerms, listener };
    return { terms: alone(allowance), listener: { ...listener, client: left(allowance) } };
  };
}

/**
 * A call costs a request of its principal, or address, of its group and route, and so does each message
 * after the first that a client streams, but for the pieces of one body. What one limit refuses takes
 * nothing from the others. Public methods cost nothing: probes must get through. Services find the limits
 * that a call has left to pass under `callLimitsKey`. Throws RATE_LIMITED.
 */
export function rateLimit(limiter: Limiter, { clock, metrics }: RateLimitDeps): Interceptor {
  const countedOf = memoizeByString(
    (client_id): Counted => ({
      hits: metrics.rateLimitHits.labels({ client_id }),
      refused: () => metrics.rateLimitBlocks.inc({ client_id }),
    }),
  );
  const ownOf = ownTerms(limiter.options);
  const ofGroups = rememberedTerms(noTerms);
  /** By principal: a name that is put together for a call is hashed for it, too. */
  const names = new WeakMap<Principal, string>();
  const nameOf = (principal: Principal, values: ContextValues): string => {
    if (!principal.authenticated) return callerOf(values);
    const known = names.get(principal);
    if (known !== undefined) return known;
    const name = callerOf(values);
    names.set(principal, name);
    return name;
  };
  const limitsOf = (request: AnyRequest): CallLimits => {
    const { contextValues: values } = request;
    const principal = values.get(principalKey);
    const { id, allowance, group } = principal;
    const { clientAddress, endpoint, listener: by } = values.get(callRecordKey);
    const { terms, listener } = ownOf(by, allowance);
    return limiter.of({
      name: nameOf(principal, values),
      address: limiter.limitsAddresses ? networkOf(clientAddress) : "",
      terms,
      listener,
      group:
        group?.allowance === undefined
          ? undefined
          : { id: group.id, terms: ofGroups(group.allowance) },
      routes: [procedureOf(request.method), endpoint],
      onRefused: countedOf(id).refused,
    });
  };
  const placeOf = (request: AnyRequest) => ({
    surface: request.contextValues.get(callRecordKey).surface,
    wallMs: clock.wallMs(),
  });
  /** Throws RATE_LIMITED for what was not granted. */
  const charged = (request: AnyRequest, outcome: Granted | Refusal): Granted => {
    const { hits, refused } = countedOf(request.contextValues.get(principalKey).id);
    hits.inc();
    if (outcome.kind === "granted") return outcome;
    refused();
    throw refusalFault(outcome, placeOf(request));
  };
  /** At once where the buckets are here. */
  const charge = (request: AnyRequest, taken: ReturnType<CallLimits["arrive"]>) =>
    taken instanceof Promise
      ? taken.then((late) => charged(request, late))
      : charged(request, taken);

  async function* chargedMessages(
    request: AnyRequest,
    limits: CallLimits,
    messages: AsyncIterable<Message>,
  ) {
    let first = true;
    for await (const message of messages) {
      const charging = first ? undefined : charge(request, limits.more());
      if (charging instanceof Promise) await charging;
      first = false;
      yield message;
    }
  }

  return (next) => (request) => {
    const { isPublic, isClientStream, takesPieces } = methodFacts(request.method);
    if (isPublic) return next(request);
    const limits = limitsOf(request);
    request.contextValues.set(callLimitsKey, limits);
    // Its client may have left while it was found out who that is.
    if (request.contextValues.get(callOverKey)) limits.end();
    if (limits.isEmpty) return next(request);
    const go = (granted: Granted) =>
      next(
        // The one message of other streams is charged with the call.
        request.stream && isClientStream && !takesPieces
          ? { ...request, message: chargedMessages(request, limits, request.message) as never }
          : request,
      ).then((response) => {
        writeStandings(granted, { ...placeOf(request), header: response.header });
        return response;
      });
    const granted = charge(request, limits.arrive());
    return granted instanceof Promise ? granted.then(go) : go(granted);
  };
}
