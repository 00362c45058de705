/** One call that is routed over chat backends: its route, its tries, and what of it is counted and told. */

import type { HandlerContext } from "@connectrpc/connect";
import type { BackendCall, ChatBackend, ChatCall } from "#backends/backend.ts";
import type { ChatAsk, ChatCatalog, ChatTarget } from "#catalog/chat-catalog.ts";
import { costOf } from "#chat/price.ts";
import type { Clock } from "#core/clock.ts";
import { relayKey } from "#dialects/relay/relay.ts";
import type { Usage } from "#gen/polygate/v1/conversation_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Stats } from "#observability/stats.ts";
import type { AttemptCall, Dispatch } from "#routing/dispatch.ts";
import { whileWhole } from "#routing/whole-request.ts";
import { backendCallOf } from "./backend-call.ts";
import type { Meter } from "./meter.ts";
import { ownerOf, type RelayIds } from "./relay-ids.ts";

/** What routed calls need. */
export interface RoutedDeps {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly meter: Meter;
  readonly dispatch: Dispatch;
  readonly catalog: ChatCatalog;
  /** The ids of files that callers have. */
  readonly ids: RelayIds;
}

/** What is known of a response when it has ended. */
interface Ended {
  readonly model: string;
  readonly usage: Usage | undefined;
}

/** Characters that make a token, about: enough to compare prices by. */
const charactersPerToken = 4;

/** Tokens that so many characters are likely to be. */
export function likelyTokens(characters: number): number {
  return Math.ceil(characters / charactersPerToken);
}

/** A call from its route to its response. */
export class RoutedCall {
  readonly #deps: RoutedDeps;
  readonly #context: HandlerContext;
  readonly #record: CallRecord;
  readonly #target: ChatTarget;
  /** Where it was sent last, and as what. */
  #pool = "";
  #model = "";
  #dropped: readonly string[] = [];

  /** Finds the route. Throws MODEL_UNKNOWN; OPERATION_UNSUPPORTED where nobody can do what it needs. */
  constructor(deps: RoutedDeps, model: string, ask: ChatAsk, context: HandlerContext) {
    this.#deps = deps;
    this.#context = context;
    this.#record = context.values.get(callRecordKey);
    this.#target = deps.catalog.resolve(model, ask);
  }

  /** Name of the pool that was asked last. */
  get pool(): string {
    return this.#pool;
  }

  /** Time since the request's arrival. */
  get elapsedMs(): number {
    return this.#deps.clock.nowMs() - this.#record.startMs;
  }

  /** A whole response, for as long as `call` allows. */
  async whole<T>(
    ask: (backend: ChatBackend, call: ChatCall) => Promise<T>,
    call: BackendCall = backendCallOf(this.#context),
  ): Promise<T> {
    const { meter, dispatch } = this.#deps;
    const { route, kind } = this.#target;
    const response = await meter.run({ backend: kind, record: this.#record }, () =>
      dispatch.call(route, (backend, attempt) => ask(backend, this.#callOf(attempt)), call),
    );
    this.#describe();
    return response;
  }

  /** A response in pieces, which `measure` measures. Nobody else is asked once the request `isSpent`. */
  async *pieces<T>(
    open: (backend: ChatBackend, call: ChatCall) => AsyncIterable<T>,
    call: BackendCall,
    isSpent?: () => boolean,
  ): AsyncGenerator<T> {
    const { route } = this.#target;
    const pieces = this.#deps.dispatch.stream(
      isSpent === undefined ? route : whileWhole(route, isSpent),
      (backend, attempt) => open(backend, this.#callOf(attempt)),
      call,
    );
    let isDescribed = false;
    for await (const piece of pieces) {
      if (!isDescribed) this.#describe();
      isDescribed = true;
      yield piece;
    }
  }

  /** Begins to measure a stream that ends with `signal`; the function that is returned ends it. */
  measure(signal: AbortSignal): (thrown?: unknown) => void {
    return this.#deps.meter.begin({ backend: this.#target.kind, record: this.#record, signal });
  }

  /** Counts what was used; returns its price in US dollars, 0 where nobody knows one. */
  account({ model, usage }: Ended): number {
    const { catalog, stats } = this.#deps;
    const price = catalog.priceOf(this.#pool, this.#model);
    const cost = price === undefined || usage === undefined ? 0 : costOf(usage, price);
    const tokens = usage?.totalTokens ?? 0;
    this.#record.model = model;
    stats.add("model", model, this.elapsedMs, { failed: false, tokens, cost });
    stats.use("backend", this.#record.upstream ?? this.#pool, { tokens, cost });
    return cost;
  }

  /** Counts a response that nobody was asked for: it costs nothing. */
  accountKept(model: string): void {
    this.#record.model = model;
    const used = { tokens: 0, cost: 0 };
    this.#deps.stats.add("model", model, this.elapsedMs, { failed: false, ...used });
  }

  /** The call as a backend is given it; what is known of it goes into the record. */
  #callOf(call: AttemptCall): ChatCall {
    const record = this.#record;
    record.upstream = call.endpoint;
    record.attempts = (record.attempts ?? 0) + 1;
    this.#pool = call.pool;
    this.#model = call.model;
    this.#dropped = [];
    const onDropped = (parameters: readonly string[]) => {
      this.#dropped = parameters;
    };
    const relay = this.#context.values.get(relayKey);
    const ownFileId = (id: string) => this.#fileIdAt(call.pool, id);
    const own = { ...call, onDropped, ownFileId };
    return relay === undefined ? own : { ...own, relay };
  }

  /** A provider's own id of a file of the caller's; any other id as it is. */
  #fileIdAt(provider: string, id: string): string {
    const placed = this.#deps.ids.open(ownerOf(this.#context.values), "file", id);
    return placed?.provider === provider ? placed.id : id;
  }

  /** Tells the client where its call went. */
  #describe(): void {
    const headers = this.#context.responseHeader;
    headers.set("x-polygate-provider", this.#pool);
    if (this.#model !== "") headers.set("x-polygate-model", this.#model);
    headers.set("x-polygate-attempts", String(this.#record.attempts ?? 1));
    if (this.#dropped.length > 0) headers.set("x-polygate-dropped", this.#dropped.join(","));
  }
}
