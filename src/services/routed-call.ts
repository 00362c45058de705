/** One call that is routed over chat backends: its route, its tries, and what of it is counted and reported. */

import type { HandlerContext } from "@connectrpc/connect";
import type { Caller, ChatBackend, ChatCall, ClientKey } from "#backends/backend.ts";
import type { ChatAsk, ChatCatalog, ChatTarget } from "#catalog/chat-catalog.ts";
import { appended } from "#core/appended.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import type { Priority } from "#core/priority.ts";
import { threeDigitsText } from "#core/three-digits.ts";
import type { TraceContext } from "#core/trace-context.ts";
import { Relay, relayKey } from "#dialects/relay/relay.ts";
import { ownerOf } from "#interceptors/caller.ts";
import {
  callLimitsKey,
  callRecordKey,
  principalKey,
  vendorCredentialKey,
} from "#interceptors/context.ts";
import { priorityOf } from "#interceptors/priority.ts";
import type { CallLimits } from "#limits/call-limits.ts";
import type { CallRecord } from "#observability/call-record.ts";
import { TrySpan } from "#observability/server-span.ts";
import type { Stats } from "#observability/stats.ts";
import type { Used } from "#pool/model-stats.ts";
import type { AttemptReport } from "#routing/attempt.ts";
import type {
  AttemptCall,
  CallWatch,
  Dispatch,
  RoutedCall as DispatchedCall,
} from "#routing/dispatch.ts";
import { callScopeKey } from "#rpc/call-scope.ts";
import { type Answered, account, cutUsage, seenOf } from "./account.ts";
import { allowedModels, requireOneModel } from "./allowed-models.ts";
import { backendCallOf } from "./backend-call.ts";
import { LastingCall } from "./lasting-call.ts";
import { type CallTokens, LimitGate, limitUseOf } from "./limit-gate.ts";
import type { Meter } from "./meter.ts";
import type { ServiceMetrics } from "./metric-families.ts";
import type { MirroredChat, Mirrors } from "./mirrors.ts";
import type { RelayIds } from "./relay-ids.ts";

/** What routed calls need. */
export interface RoutedDeps {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly metrics: ServiceMetrics;
  /** Bytes of requests and responses that the process holds. */
  readonly buffers: ByteBudget;
  readonly meter: Meter;
  readonly dispatch: Dispatch;
  readonly catalog: ChatCatalog;
  /** The server's own limit until a response, or its first piece, has to be there; 0: none. */
  readonly answerMs: number;
  /** The ids of files that callers have. */
  readonly ids: RelayIds;
  /** What sends copies of chats; absent where no route wants any. */
  readonly mirrors?: Mirrors | undefined;
}

/** Every field of `T` by name, so that a new one cannot be forgotten where calls are passed on. */
type Named<T> = { [K in keyof Required<T>]: T[K] };

/** What a try is sent with, beside what routing says of it. */
interface AskedWith {
  readonly ids: RelayIds;
  readonly relay: Relay | undefined;
  /** The client's own credential for who is asked. */
  readonly clientKey?: ClientKey | undefined;
}

/** A try of a call as a backend is given it, and what the backend reported. */
class Asked implements Named<ChatCall & AttemptCall> {
  readonly signal: AbortSignal;
  readonly requestId: string;
  readonly timeoutMs: number | undefined;
  readonly relay: Relay | undefined;
  readonly #context: HandlerContext;
  readonly #ids: RelayIds;
  readonly clientKey: ClientKey | undefined;
  readonly pool: string;
  readonly endpoint: string;
  readonly model: string;
  readonly failsDeclined: boolean | undefined;
  readonly trace: TraceContext | undefined;
  dropped: readonly string[] | undefined;

  constructor(call: AttemptCall, context: HandlerContext, { ids, relay, clientKey }: AskedWith) {
    this.clientKey = clientKey;
    this.signal = call.signal;
    this.requestId = call.requestId;
    this.timeoutMs = call.timeoutMs;
    this.relay = relay;
    this.#context = context;
    this.#ids = ids;
    this.pool = call.pool;
    this.endpoint = call.endpoint;
    this.model = call.model;
    this.failsDeclined = call.failsDeclined;
    this.trace = call.trace;
  }

  get caller(): Caller {
    return this.#context.values.get(principalKey);
  }

  onDropped(parameters: readonly string[]): void {
    this.dropped = parameters;
  }

  /** A provider's own id of a file of the caller's; any other id as it is. */
  ownFileId(id: string): string {
    const placed = this.#ids.open(ownerOf(this.#context.values), "file", id);
    return placed?.provider === this.pool ? placed.id : id;
  }
}

/** Characters that make a token, about: enough to compare prices by. */
const charactersPerToken = 4;

/** Tokens that so many characters are likely to be. */
export function likelyTokens(characters: number): number {
  return Math.ceil(characters / charactersPerToken);
}

const nothingUsed: Used = { tokens: 0, cost: 0 };

/** What is to be known of a response in pieces. */
export interface PiecesOptions {
  /** Whether the request is used up, so that no one else can be asked. */
  readonly isSpent?: () => boolean;
  /** What the pieces that were read say of what they used; undefined where nothing is counted. */
  readonly answeredOf?: () => Answered | undefined;
  /** What the pieces that were read say of it so far, for a response that ends early. */
  readonly partOf?: () => Answered;
  /** Tokens of the pieces that were read, also when they end early; none when absent. */
  readonly tokensRead?: () => number;
}

/** What is wanted of a call. */
export interface Wanted {
  /** As the client names it. */
  readonly model: string;
  readonly ask: ChatAsk;
  /** Bound of the response's tokens that the request names. */
  readonly outputTokensMax?: number | undefined;
  /** What OpenTelemetry's conventions call it, such as chat; absent where models have no part in it. */
  readonly operation?: string | undefined;
}

/** Tokens that a call may use; what is no operation of a model uses none, and vectors are no tokens. */
function expectedOf(
  { ask, operation, outputTokensMax }: Wanted,
  outputDefault: number,
): CallTokens {
  if (operation === undefined) return { prompt: 0, output: 0 };
  const output = operation === "embeddings" ? 0 : (outputTokensMax ?? outputDefault);
  return { prompt: ask.promptTokens, output };
}

/** A call from its route to its response. */
export class RoutedCall implements CallWatch {
  readonly #deps: RoutedDeps;
  readonly #context: HandlerContext;
  readonly #record: CallRecord;
  readonly #target: ChatTarget;
  /** Where it was sent, in order: mostly once. */
  #asked: Asked[] | undefined;
  /** The try that answered. */
  #answered: Asked | undefined;
  /** Reads what the response used; undefined where nothing is counted. */
  #answeredOf: ((response: unknown) => Answered | undefined) | undefined;
  #partOf: PiecesOptions["partOf"];
  /** Tokens of the pieces that were read. */
  #tokensRead: (() => number) | undefined;
  /** What it may use. */
  readonly #expected: CallTokens;
  readonly #gate: LimitGate | undefined;
  #isDescribed = false;
  #lasting: LastingCall | undefined;
  readonly #priority: Priority;
  readonly #operation: string | undefined;
  /** Tokens that its request is likely to be. */
  /** Its response comes in pieces, of which the first is a token. */
  #isStreamed = false;
  /** What the response was, once it is whole. */
  #whole: Answered | undefined;
  /** What the gateway itself took before it asked anybody, in milliseconds. */
  #overheadMs: number | undefined;

  /**
   * Finds the route. Throws MODEL_UNKNOWN; MODEL_NOT_ALLOWED; OPERATION_UNSUPPORTED where no one can do
   * what it needs; REQUEST_INVALID for a priority that is none.
   */
  constructor(deps: RoutedDeps, wanted: Wanted, context: HandlerContext) {
    const { model, ask, operation } = wanted;
    this.#operation = operation;
    this.#priority = priorityOf(context.requestHeader, context.values);
    this.#deps = deps;
    this.#context = context;
    this.#record = context.values.get(callRecordKey);
    const allows = allowedModels(context.values);
    if (allows !== undefined) requireOneModel(context.values);
    this.#target = deps.catalog.resolve(model, allows === undefined ? ask : { ...ask, allows });
    const limits = context.values.get(callLimitsKey);
    this.#expected = expectedOf(wanted, limits?.outputTokens ?? 0);
    this.#gate = limits?.holdsTries === true ? this.#gateOf(limits) : undefined;
  }

  /** Name of the pool that answered, or was asked last. */
  get pool(): string {
    return this.#last?.pool ?? "";
  }

  /** Time since the request's arrival. */
  get elapsedMs(): number {
    return this.#deps.clock.nowMs() - this.#record.startMs;
  }

  /**
   * The call as one whose backend goes on when the client has left; undefined where its route wants no
   * such thing. `bytes` counts the request.
   */
  lasting(bytes: () => number): LastingCall | undefined {
    const { drain } = this.#target;
    const scope = this.#context.values.get(callScopeKey);
    if (drain === undefined || scope === undefined) return undefined;
    const record = this.#record;
    const facts = { context: this.#context, scope, record, drain, bytes };
    this.#lasting = new LastingCall(this.#deps, facts);
    return this.#lasting;
  }

  /** A whole response, for as long as `call` allows; `answeredOf` reads what it used. */
  whole<T>(
    ask: (backend: ChatBackend, call: ChatCall) => Promise<T>,
    answeredOf?: (response: T) => Answered,
    call: DispatchedCall = backendCallOf(this.#context),
  ): Promise<T> {
    this.#answeredOf = answeredOf as ((response: unknown) => Answered) | undefined;
    const { meter, dispatch, clock } = this.#deps;
    const { route, kind } = this.#target;
    const startMs = clock.nowMs();
    const beganMs = startMs - this.#record.startMs;
    this.#overheadMs ??= beganMs;
    const end = meter.begin({ backend: kind, record: this.#record, startMs });
    const work = (backend: ChatBackend, attempt: AttemptCall) =>
      ask(backend, this.#callOf(attempt));
    return dispatch.call(route, work, this.#dispatched(call, beganMs)).then(
      (response) => {
        end();
        return response;
      },
      (thrown: unknown) => {
        end(thrown);
        this.#describeOnce();
        throw thrown;
      },
    );
  }

  /** A response in pieces, which `measure` measures. */
  pieces<T>(
    open: (backend: ChatBackend, call: ChatCall) => AsyncIterable<T>,
    call: DispatchedCall,
    { isSpent, answeredOf, partOf, tokensRead }: PiecesOptions,
  ): AsyncGenerator<T, void, undefined> {
    this.#answeredOf = answeredOf;
    this.#partOf = partOf;
    this.#tokensRead = tokensRead;
    this.#isStreamed = this.#operation === "chat";
    const beganMs = this.elapsedMs;
    this.#overheadMs ??= beganMs;
    return this.#deps.dispatch.stream(
      this.#target.route,
      (backend, attempt) => open(backend, this.#callOf(attempt)),
      this.#dispatched(call, beganMs, isSpent),
    );
  }

  /** Begins to measure a stream that ends with `signal`; the function that is returned ends it. */
  measure(signal: AbortSignal): (thrown?: unknown) => void {
    const end = this.#deps.meter.begin({
      backend: this.#target.kind,
      record: this.#record,
      signal,
    });
    return (thrown) => {
      end(thrown);
      this.#describeOnce();
    };
  }

  /** Price of the response in US dollars; 0 until it is whole, and where no one knows one. */
  get cost(): number {
    return this.#record.cost ?? 0;
  }

  /** For routing alone: counts what the response used. */
  used(response?: unknown): Used {
    const answered = this.#answeredOf?.(response);
    const last = this.#last;
    if (answered === undefined || last === undefined) return nothingUsed;
    this.#whole = answered;
    const { catalog, stats } = this.#deps;
    const used = account(answered, last, this.#record, catalog);
    // Not every core says which model answered.
    if (answered.model !== "")
      stats.add("model", answered.model, this.elapsedMs, { failed: false, ...used });
    return used;
  }

  /** Counts a response that no one was asked for: it costs nothing. */
  accountKept(model: string): void {
    this.#record.model = model;
    this.#deps.stats.add("model", model, this.elapsedMs, { failed: false, ...nothingUsed });
  }

  get #last(): Asked | undefined {
    return this.#answered ?? this.#asked?.at(-1);
  }

  /** The call as routing is given it, so many milliseconds after the request's arrival. */
  #dispatched(
    { signal, requestId, timeoutMs, reports, trace }: DispatchedCall,
    beganMs: number,
    isSpent?: () => boolean,
  ): Named<DispatchedCall> {
    const { answerMs } = this.#deps;
    const lasting = this.#lasting;
    return {
      signal,
      requestId,
      timeoutMs,
      answerWithinMs: answerMs > 0 ? Math.max(0, answerMs - beganMs) : undefined,
      reports,
      trace,
      watch: this,
      gate: this.#gate,
      priority: this.#priority,
      isSpent: lasting === undefined ? isSpent : () => lasting.hasLeft || isSpent?.() === true,
    };
  }

  /** For routing alone: which try answers. */
  answered({ endpoint, model }: AttemptCall): void {
    const asked = this.#asked ?? [];
    this.#answered =
      asked.length === 1
        ? asked[0]
        : asked.findLast((one) => one.endpoint === endpoint && one.model === model);
    this.#record.upstream = endpoint;
    this.#describe();
  }

  /** For routing alone: a try has ended, and what its response used is known. Counts it. */
  ended({ pool, model, outcome, elapsedMs, firstMs, span }: AttemptReport): void {
    const { catalog, metrics } = this.#deps;
    if (outcome !== "OK" && firstMs !== undefined) this.#accountCut({ pool, model });
    const operation = this.#operation;
    if (operation === undefined) return;
    const provider = catalog.genAiNameOf(pool);
    if (span instanceof TrySpan) {
      const seen = outcome === "OK" ? seenOf(this.#whole) : {};
      span.genAi = { operation, provider, finishReason: this.#whole?.finishReason, ...seen };
    }
    metrics.genAi.add({
      operation,
      provider,
      requestModel: model,
      isKnown: () => catalog.knows(pool, model),
      elapsedMs,
      firstMs: this.#isStreamed ? firstMs : undefined,
      trace: span,
      ...(outcome === "OK" ? seenOf(this.#whole) : { error: outcome }),
    });
  }

  /** What holds each try to the limits of the call, and to those of where it goes. */
  #gateOf(limits: CallLimits): LimitGate {
    const { clock, catalog } = this.#deps;
    return new LimitGate({
      ...{ limits, clock, expected: this.#expected },
      header: this.#context.responseHeader,
      surface: this.#record.surface,
      priceOf: (pool, model) => catalog.priceOf(pool, model),
      usedBy: (report) =>
        limitUseOf(report, {
          counted: this.#operation === undefined ? 0 : this.#whole?.usage?.totalTokens,
          seen: { prompt: this.#expected.prompt, output: this.#tokensRead?.() ?? 0 },
        }),
    });
  }

  /** Whoever leaves in the middle has used what came until then, as far as anybody knows. */
  #accountCut(asked: Pick<AttemptCall, "pool" | "model">): void {
    const part = this.#partOf?.();
    if (part === undefined) return;
    const { model, usage } = part;
    const written = this.#tokensRead?.() ?? 0;
    const cut = {
      model: model || asked.model,
      usage: cutUsage(usage, this.#expected.prompt, written),
    };
    account(cut, asked, this.#record, this.#deps.catalog);
  }

  /** For routing alone: a wait for a place has ended. */
  waited(ms: number): void {
    this.#record.queueMs = (this.#record.queueMs ?? 0) + ms;
  }

  /** The client's own words, where it speaks a vendor's dialect. */
  protected get relay(): Relay | undefined {
    return this.#context.values.get(relayKey);
  }

  /** Offers the call to the mirror of its route, where that has one. */
  protected offerCopy(chat: Omit<MirroredChat, "record">): void {
    const { mirrors } = this.#deps;
    const { mirror } = this.#target;
    if (mirrors === undefined || mirror === undefined) return;
    mirrors.offer(mirror, { ...chat, record: this.#record });
  }

  /** A copy of the call as a backend is given it: its words are its own, and nothing of it is reported. */
  protected copyOf(call: AttemptCall, record: CallRecord): ChatCall {
    record.upstream = call.endpoint;
    record.attempts = (record.attempts ?? 0) + 1;
    const words = this.#context.values.get(relayKey);
    const relay = words === undefined ? undefined : new Relay(words.request);
    return new Asked(call, this.#context, { ids: this.#deps.ids, relay });
  }

  /** The call as a backend is given it; what is known of it goes into the record. */
  #callOf(call: AttemptCall): ChatCall {
    const record = this.#record;
    record.upstream = call.endpoint;
    record.attempts = (record.attempts ?? 0) + 1;
    const relay = this.#context.values.get(relayKey);
    const clientKey = this.#clientKeyFor(call.pool);
    const asked = new Asked(call, this.#context, { ids: this.#deps.ids, relay, clientKey });
    this.#asked = appended(this.#asked, asked);
    return asked;
  }

  /** The client's own credential: it is for the first provider that is asked, and goes to no other. */
  #clientKeyFor(pool: string): ClientKey | undefined {
    const first = this.#asked?.[0]?.pool ?? pool;
    return first === pool ? this.#context.values.get(vendorCredentialKey) : undefined;
  }

  /** For a call that no one answered. */
  #describeOnce(): void {
    if (!this.#isDescribed) this.#describe();
  }

  /** Reports to the client where its call went. */
  #describe(): void {
    this.#isDescribed = true;
    const headers = this.#context.responseHeader;
    headers.set("x-polygate-attempts", String(this.#record.attempts ?? 0));
    if (this.#overheadMs !== undefined)
      headers.set("x-polygate-overhead-ms", threeDigitsText(this.#overheadMs));
    const last = this.#last;
    if (last === undefined) return;
    const { pool, model, dropped = [] } = last;
    headers.set("x-polygate-provider", pool);
    if (model !== "") headers.set("x-polygate-model", model);
    if (dropped.length > 0) headers.set("x-polygate-dropped", dropped.join(","));
  }
}
