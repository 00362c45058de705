/** Chats that may have the response of an equal one: which they are, and what of a response is kept for them. */

import { fromBinary, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { CacheMetrics } from "#cache/metric-families.ts";
import type { Piece, Source } from "#cache/piece.ts";
import type { ResponseCache } from "#cache/response-cache.ts";
import type { Conversation } from "#chat/normalize.ts";
import { stopsOf } from "#chat/short-form.ts";
import { atOnce } from "#core/turns.ts";
import { isReference } from "#dialects/provider-part.ts";
import { relayKey, type Words } from "#dialects/relay/relay.ts";
import {
  ChatRequestSchema,
  type ChatResponse,
  ChatResponseSchema,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { Stop_Kind as Kind, type Stop } from "#gen/polygate/v1/conversation_pb.js";
import { keeperOf } from "#interceptors/caller.ts";
import { vendorCredentialKey } from "#interceptors/context.ts";
import type { RoutedCall } from "#routing/dispatch.ts";
import { sharedCallOf } from "./backend-call.ts";
import { digestOf, keptHeaders, setKeptHeaders, tellResult, wishOf } from "./cache-terms.ts";

/** Which chats are answered from the cache. */
export interface ChatCacheOptions {
  /** No chat is when it is off, whatever it asks for. */
  readonly enabled: boolean;
  /** Models whose chats are, unless they ask not to be; by the name that clients use. */
  readonly models: readonly string[];
  /** Callers get each other's responses. */
  readonly isShared: boolean;
}

/** What it needs of its surroundings. */
export interface ChatCacheDeps {
  readonly cache: ResponseCache;
  readonly metrics: CacheMetrics;
}

/** Ends after which nothing is missing. */
const wholeEnds: ReadonlySet<Kind> = new Set([Kind.END, Kind.SEQUENCE, Kind.TOOL_CALLS]);

function isWhole(stops: readonly Stop[]): boolean {
  return stops.length > 0 && stops.every(({ kind }) => wholeEnds.has(kind));
}

/** Whether the response depends on the request alone, and nothing else happens through it. */
function isPure(request: Conversation): boolean {
  const { sessionId, useTools, providerOptions: options, messages } = request;
  const hasReferences = messages.some(({ parts }) =>
    parts.some(({ content }) => content.case === "provider" && isReference(content.value)),
  );
  return (
    !hasReferences &&
    sessionId === "" &&
    !useTools &&
    !options?.previousResponseId &&
    !options?.conversationId &&
    options?.store !== true &&
    options?.background !== true
  );
}

function kept(words: Words | undefined): Pick<Piece, "words"> {
  // A copy: the bytes may be a small view of what came from a socket at once.
  return words === undefined ? {} : { words: { ...words, bytes: new Uint8Array(words.bytes) } };
}

/** How a chat is answered when no one answers it from the cache. */
export type Make<T> = (call: RoutedCall) => T;

/** Finds out for each chat whether the cache may answer it. */
export class ChatCache {
  readonly #options: ChatCacheOptions;
  readonly #deps: ChatCacheDeps;

  constructor(options: ChatCacheOptions, deps: ChatCacheDeps) {
    this.#options = options;
    this.#deps = deps;
  }

  /** The cache for one chat; undefined when it is to be answered by a backend alone. Throws REQUEST_INVALID for a wish that is none. */
  for(request: Conversation, context: HandlerContext): CachedChat | undefined {
    const { enabled, models, isShared } = this.#options;
    const wish = wishOf(context);
    if (wish === undefined && !(enabled && models.includes(request.modelPreference))) {
      return undefined;
    }
    if (!enabled || wish === "no-store" || !isPure(request)) {
      this.#tell("bypass", context);
      return undefined;
    }
    return new CachedChat({
      cache: this.#deps.cache,
      context,
      model: request.modelPreference,
      refresh: wish === "refresh",
      key: keyOf(request, context, isShared),
      tell: (result) => this.#tell(result, context),
    });
  }

  #tell(result: "hit" | "miss" | "bypass", context: HandlerContext): void {
    tellResult(result, context, this.#deps.metrics);
  }
}

/**
 * The key of a chat. What is relayed counts byte for byte: what JSON.parse makes equal (numbers
 * beyond 2^53, one of two members of a name) providers may tell apart.
 */
function keyOf(request: Conversation, { method, values }: HandlerContext, isShared: boolean) {
  const relay = values.get(relayKey)?.request;
  const said =
    relay === undefined
      ? ["", toBinary(ChatRequestSchema, request)]
      : [relay.dialect, JSON.stringify(relay.headers), relay.query, relay.body];
  // Nobody is given what another one's credential has paid for.
  const { value: credential = "" } = values.get(vendorCredentialKey) ?? {};
  const caller = isShared ? "" : keeperOf(values);
  return atOnce(digestOf([caller, credential, method.name, request.modelPreference, ...said]));
}

/** What one chat knows of the cache. */
interface CachedChatFacts {
  readonly cache: ResponseCache;
  readonly context: HandlerContext;
  readonly model: string;
  readonly refresh: boolean;
  readonly key: string;
  readonly tell: (result: "hit" | "miss") => void;
}

/** A message of a response, and whether no one was asked for it. */
interface Told<T> {
  readonly message: T;
  readonly isKept: boolean;
}

/** One chat that the cache may answer. */
export class CachedChat {
  readonly #facts: CachedChatFacts;

  constructor(facts: CachedChatFacts) {
    this.#facts = facts;
  }

  /** A whole response; `make` is what a backend would answer. */
  async whole(make: Make<Promise<ChatResponse>>): Promise<Told<ChatResponse>> {
    const relay = this.#facts.context.values.get(relayKey);
    const source = async function* (this: CachedChat, signal: AbortSignal): Source {
      const response = await make(this.#call(signal));
      yield {
        message: toBinary(ChatResponseSchema, response),
        headers: keptHeaders(this.#facts.context),
        ...kept(relay?.wordsOf(response)),
      };
      return isWhole(stopsOf(response));
    }.bind(this);
    let told: Told<ChatResponse> | undefined;
    for await (const { piece, isKept } of this.#read(source)) {
      const message = fromBinary(ChatResponseSchema, piece.message);
      if (piece.words !== undefined) relay?.said(message, piece.words);
      told = { message, isKept };
    }
    if (told === undefined) throw new TypeError("a response has one piece");
    return told;
  }

  /** A response in pieces; `make` is what a backend would answer, and returns how that ended. */
  async *stream(
    make: Make<AsyncGenerator<StreamChatResponse, readonly Stop[], undefined>>,
  ): AsyncGenerator<Told<StreamChatResponse>> {
    const relay = this.#facts.context.values.get(relayKey);
    // Others may read the response than this call's client.
    relay?.readText();
    const source = async function* (this: CachedChat, signal: AbortSignal): Source {
      const made = make(this.#call(signal));
      let isFirst = true;
      try {
        for (;;) {
          const { done, value } = await made.next();
          if (done) return isWhole(value);
          // A piece reports one event where events are reported at all.
          const event = value.events[0];
          yield {
            message: toBinary(StreamChatResponseSchema, value),
            ...(isFirst ? { headers: keptHeaders(this.#facts.context) } : {}),
            ...(event === undefined ? {} : kept(relay?.wordsOf(event))),
          };
          isFirst = false;
        }
      } finally {
        await made.return([]);
      }
    }.bind(this);
    for await (const { piece, isKept } of this.#read(source)) {
      const message = fromBinary(StreamChatResponseSchema, piece.message);
      const event = message.events[0];
      if (piece.words !== undefined && event !== undefined) relay?.said(event, piece.words);
      yield { message, isKept };
    }
  }

  async *#read(
    open: (signal: AbortSignal) => Source,
  ): AsyncGenerator<{ readonly piece: Piece; readonly isKept: boolean }> {
    const { cache, context, tell, key, model, refresh } = this.#facts;
    const { signal } = context;
    const { result, pieces } = await cache.find({
      ...{ key, model, refresh, isShared: true, signal, open },
    });
    tell(result);
    const isKept = result === "hit";
    for await (const piece of pieces) {
      if (isKept) setKeptHeaders(piece, context);
      yield { piece, isKept };
    }
  }

  /** The call of a backend: others may go on reading its response when this chat's own client has left. */
  #call(signal: AbortSignal): RoutedCall {
    return sharedCallOf(this.#facts.context, signal);
  }
}
