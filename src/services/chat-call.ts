/** One chat: its route, its tries, and what of it is counted and told. */

import type { HandlerContext } from "@connectrpc/connect";
import type { ChatCall } from "#backends/backend.ts";
import type { ChatCatalog, ChatTarget } from "#catalog/chat-catalog.ts";
import { costOf } from "#chat/price.ts";
import type { Clock } from "#core/clock.ts";
import type { ChatRequest, ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent, Usage } from "#gen/polygate/v1/conversation_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { Stats } from "#observability/stats.ts";
import type { AttemptCall, Dispatch, RoutedCall } from "#routing/dispatch.ts";
import type { RouteAsk } from "#routing/route.ts";
import { backendCallOf } from "./backend-call.ts";
import type { Meter } from "./meter.ts";

/** What chats need. */
export interface ChatDeps {
  readonly clock: Clock;
  readonly stats: Stats;
  readonly meter: Meter;
  readonly dispatch: Dispatch;
  readonly catalog: ChatCatalog;
  /** The server's own limit until a response, or its first piece, has to be there; 0: none. */
  readonly answerMs: number;
}

/** A try of a chat, and what it told. */
interface Asked {
  readonly call: AttemptCall;
  dropped: readonly string[];
}

/** What is known of a response when it has ended. */
interface Ended {
  readonly model: string;
  readonly usage: Usage | undefined;
}

/** Characters that make a token, about: enough to compare prices by. */
const charactersPerToken = 4;
/** Tokens that a response is taken to have where nobody bounds it. */
const outputTokensDefault = 512;

/** What of a request its route may depend on. */
function routeAskOf(request: ChatRequest, principal: string | undefined): RouteAsk {
  const { message, context, messages, sessionId, maxTokens, providerOptions } = request;
  let characters = message.length + context.length;
  for (const { content, parts } of messages) {
    characters += content.length;
    for (const part of parts) {
      if (part.content.case === "text") characters += part.content.value.text.length;
    }
  }
  const affinityKey = sessionId || providerOptions?.cacheKey || principal;
  return {
    ...(affinityKey === undefined ? {} : { affinityKey }),
    promptTokens: Math.ceil(characters / charactersPerToken),
    outputTokens: maxTokens ?? outputTokensDefault,
  };
}

/** A chat from its route to its response. */
export class ActiveChat {
  readonly #deps: ChatDeps;
  readonly #request: ChatRequest;
  readonly #context: HandlerContext;
  readonly #record: CallRecord;
  readonly #target: ChatTarget;
  /** Where it was sent, in order; a few. */
  readonly #asked: Asked[] = [];
  /** The try that answered. */
  #answered: Asked | undefined;

  /** Finds the route. Throws MODEL_UNKNOWN. */
  constructor(deps: ChatDeps, request: ChatRequest, context: HandlerContext) {
    this.#deps = deps;
    this.#request = request;
    this.#context = context;
    this.#record = context.values.get(callRecordKey);
    const ask = routeAskOf(request, this.#record.principal);
    this.#target = deps.catalog.resolve(request.modelPreference, ask);
  }

  /** Name of the pool that answered, or was asked last. */
  get pool(): string {
    return this.#last?.call.pool ?? "";
  }

  /** Time since the request's arrival. */
  get elapsedMs(): number {
    return this.#deps.clock.nowMs() - this.#record.startMs;
  }

  /** A whole response. */
  async whole(): Promise<ChatResponse> {
    const { meter, dispatch } = this.#deps;
    const { route, kind } = this.#target;
    try {
      return await meter.run({ backend: kind, record: this.#record }, () =>
        dispatch.call(
          route,
          (backend, call) => backend.chat(this.#request, this.#callOf(call)),
          this.#routed(),
        ),
      );
    } finally {
      this.#describe();
    }
  }

  /** The response as events; `end` is to be called with how it went. */
  async *events(): AsyncGenerator<ChatEvent> {
    const events = this.#deps.dispatch.stream(
      this.#target.route,
      (backend, call) => backend.streamChat(this.#request, this.#callOf(call)),
      this.#routed(),
    );
    let isDescribed = false;
    try {
      for await (const event of events) {
        if (!isDescribed) this.#describe();
        isDescribed = true;
        yield event;
      }
    } finally {
      if (!isDescribed) this.#describe();
    }
  }

  /** Begins to measure a stream; the function that is returned ends it. */
  measure(): (thrown?: unknown) => void {
    const { signal } = this.#context;
    return this.#deps.meter.begin({ backend: this.#target.kind, record: this.#record, signal });
  }

  /** Counts what was used; returns its price in US dollars, 0 where nobody knows one. */
  account({ model, usage }: Ended): number {
    const { catalog, stats } = this.#deps;
    const { pool = "", model: asked = "" } = this.#last?.call ?? {};
    const price = catalog.priceOf(pool, asked);
    const cost = price === undefined || usage === undefined ? 0 : costOf(usage, price);
    const tokens = usage?.totalTokens ?? 0;
    const record = this.#record;
    record.model = model;
    record.promptTokens = usage?.promptTokens ?? 0;
    record.completionTokens = usage?.completionTokens ?? 0;
    record.cost = cost;
    stats.add("model", model, this.elapsedMs, { failed: false, tokens, cost });
    stats.use("backend", record.upstream ?? pool, { tokens, cost });
    return cost;
  }

  get #last(): Asked | undefined {
    return this.#answered ?? this.#asked.at(-1);
  }

  /** The call as routing is given it. */
  #routed(): RoutedCall {
    const { answerMs } = this.#deps;
    const record = this.#record;
    return {
      ...backendCallOf(this.#context),
      ...(answerMs > 0 ? { answerWithinMs: Math.max(0, answerMs - this.elapsedMs) } : {}),
      onAnswer: ({ endpoint, model }) => {
        this.#answered = this.#asked.findLast(
          ({ call }) => call.endpoint === endpoint && call.model === model,
        );
        record.upstream = endpoint;
      },
    };
  }

  /** The call as a backend is given it; what is known of it goes into the record. */
  #callOf(call: AttemptCall): ChatCall {
    const record = this.#record;
    record.upstream = call.endpoint;
    record.attempts = (record.attempts ?? 0) + 1;
    const asked: Asked = { call, dropped: [] };
    this.#asked.push(asked);
    const onDropped = (parameters: readonly string[]) => {
      asked.dropped = parameters;
    };
    return { ...call, onDropped };
  }

  /** Tells the client where its chat went, whether or not it was answered. */
  #describe(): void {
    const headers = this.#context.responseHeader;
    headers.set("x-polygate-attempts", String(this.#record.attempts ?? 0));
    const last = this.#last;
    if (last === undefined) return;
    const { call, dropped } = last;
    headers.set("x-polygate-provider", call.pool);
    if (call.model !== "") headers.set("x-polygate-model", call.model);
    if (dropped.length > 0) headers.set("x-polygate-dropped", dropped.join(","));
  }
}
