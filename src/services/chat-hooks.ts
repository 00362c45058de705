/** Chats that hooks judge: which hooks, what they are shown of a response, and what the client is given then. */

import type { HandlerContext } from "@connectrpc/connect";
import { eventsOf } from "#chat/events.ts";
import type { Conversation } from "#chat/normalize.ts";
import type { ByteBudget } from "#core/byte-budget.ts";
import type { Clock } from "#core/clock.ts";
import { relayKey } from "#dialects/relay/relay.ts";
import {
  type ChatResponse,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import type { Hook } from "#hooks/hook.ts";
import type { HookCall, Hooks } from "#hooks/hooks.ts";
import { callRecordKey, principalKey } from "#interceptors/context.ts";
import { creatorOf } from "#protobuf/creator.ts";
import { PieceWriter } from "./chat-pieces.ts";
import { GatheredChat } from "./gathered-chat.ts";

/** What judging needs. */
export interface ChatHooksDeps {
  readonly hooks: Hooks;
  readonly clock: Clock;
  /** Bytes of requests and responses that the process holds. */
  readonly buffers: ByteBudget;
}

const createPiece = creatorOf(StreamChatResponseSchema);

/** Finds out for each chat whether hooks judge it. */
export class ChatHooks {
  readonly #deps: ChatHooksDeps;

  constructor(deps: ChatHooksDeps) {
    this.#deps = deps;
  }

  /** The judging of one chat; undefined where no hook is for it. */
  for(request: Conversation, context: HandlerContext): JudgedChat | undefined {
    const { hooks } = this.#deps;
    const { modelPreference: model } = request;
    const isConcerned = hooks.for("before", model).length + hooks.for("after", model).length > 0;
    return isConcerned ? new JudgedChat(this.#deps, request, context) : undefined;
  }
}

/** One chat that hooks judge. */
export class JudgedChat {
  readonly #deps: ChatHooksDeps;
  readonly #request: Conversation;
  readonly #context: HandlerContext;
  readonly #call: HookCall;

  constructor(deps: ChatHooksDeps, request: Conversation, context: HandlerContext) {
    this.#deps = deps;
    this.#request = request;
    this.#context = context;
    const { values, protocolName: surface, signal } = context;
    const { requestId, trace } = values.get(callRecordKey);
    this.#call = { principal: values.get(principalKey).id, surface, requestId, signal, trace };
  }

  /** The request that is to be answered. Rejects with HOOK_DENIED or HOOK_FAILED. */
  async request(): Promise<Conversation> {
    const { hooks } = this.#deps;
    const { values } = this.#context;
    const asked = this.#request;
    if (hooks.for("before", asked.modelPreference).length === 0) return asked;
    const answered = await hooks.before(asked, this.#call);
    // Words that no one judged reach no provider.
    if (answered === asked) values.get(relayKey)?.sendAsRead();
    else values.set(relayKey, undefined);
    return answered;
  }

  /** A whole response; `ask` is what the client would be given without hooks. */
  async whole(ask: (request: Conversation) => Promise<ChatResponse>): Promise<ChatResponse> {
    const request = await this.request();
    const hooks = this.#hooksAfter(request);
    const given = await ask(request);
    if (hooks.length === 0) return given;
    const response = await this.#deps.hooks.after(hooks, { request, response: given }, this.#call);
    response.processingTimeMs = Math.round(this.#elapsedMs);
    return response;
  }

  /** A response in pieces; `open` is what the client would be given without hooks. */
  async *pieces(
    open: (request: Conversation) => AsyncIterable<StreamChatResponse>,
  ): AsyncGenerator<StreamChatResponse> {
    const request = await this.request();
    const hooks = this.#hooksAfter(request);
    if (hooks.length === 0) {
      yield* open(request);
      return;
    }
    // Hooks see all of a response, whether or not the client asked for it.
    this.#context.values.get(relayKey)?.readText();
    const pieces = open({ ...request, withParts: true });
    const isHeld = hooks.some(({ settings }) => settings.holds);
    const judged = isHeld ? this.#held(pieces, request, hooks) : this.#seen(pieces, request, hooks);
    for await (const piece of judged) {
      if (request.withParts) yield piece;
      else if (isTold(piece)) yield withoutParts(piece);
    }
  }

  #hooksAfter({ modelPreference }: Conversation): readonly Hook[] {
    return this.#deps.hooks.for("after", modelPreference);
  }

  get #elapsedMs(): number {
    return this.#deps.clock.nowMs() - this.#context.values.get(callRecordKey).startMs;
  }

  /** Passes a stream on, and shows hooks what it was. */
  async *#seen(
    pieces: AsyncIterable<StreamChatResponse>,
    request: Conversation,
    hooks: readonly Hook[],
  ): AsyncGenerator<StreamChatResponse> {
    using gathered = this.#gathered(hooks);
    for await (const piece of pieces) {
      if (!gathered.isFull && !gathered.add(piece)) this.#tellTooLarge(hooks);
      yield piece;
    }
    if (!gathered.isFull) this.#show(hooks, { request, response: gathered.response }, gathered);
  }

  /** Holds a stream back until it has ended and was judged. */
  async *#held(
    pieces: AsyncIterable<StreamChatResponse>,
    request: Conversation,
    hooks: readonly Hook[],
  ): AsyncGenerator<StreamChatResponse> {
    const holding = hooks.filter(({ settings }) => settings.holds);
    const others = hooks.filter(({ settings }) => !settings.holds);
    using gathered = this.#gathered(hooks);
    const held: StreamChatResponse[] = [];
    for await (const piece of pieces) {
      held.push(piece);
      if (!gathered.isFull) {
        if (gathered.add(piece)) continue;
        this.#tellTooLarge(hooks);
        for (const hook of holding) hook.refuse();
      }
      yield* held.splice(0);
    }
    if (gathered.isFull) return;
    const { response } = gathered;
    const given = await this.#deps.hooks.after(holding, { request, response }, this.#call);
    const shown = given === response ? held : piecesOf(given, held.at(-1)?.cost ?? 0);
    const last = shown.at(-1);
    if (last !== undefined) last.processingTimeMs = Math.round(this.#elapsedMs);
    yield* shown;
    this.#show(others, { request, response: given }, gathered);
  }

  /** Shows hooks what the client was given; what is held of it is let go of when they have seen it. */
  #show(
    hooks: readonly Hook[],
    chat: { readonly request: Conversation; readonly response: ChatResponse },
    gathered: GatheredChat,
  ): void {
    if (hooks.length === 0) return;
    const held = gathered.handOver(chat.request);
    if (held === undefined) this.#tellTooLarge(hooks);
    else this.#deps.hooks.observe(hooks, chat, this.#call, held);
  }

  /** The least of what hooks are shown bounds the stream. */
  #gathered(hooks: readonly Hook[]): GatheredChat {
    const bytesMax = Math.min(...hooks.map(({ settings }) => settings.streamBytesMax));
    const relay = this.#context.values.get(relayKey);
    return new GatheredChat({ bytesMax, buffers: this.#deps.buffers, relay });
  }

  #tellTooLarge(hooks: readonly Hook[]): void {
    for (const hook of hooks) hook.tellTooLarge(this.#call.requestId);
  }
}

/** The pieces of a response that replaces another. */
function piecesOf(response: ChatResponse, cost: number): StreamChatResponse[] {
  const writer = new PieceWriter(true);
  const pieces = writer.write(eventsOf(response));
  return [...pieces, writer.last({ cost, elapsedMs: 0 })].map((piece) => createPiece(piece));
}

/** Whether a piece says anything to who asked for no events. */
function isTold({ delta, toolCalls, done }: StreamChatResponse): boolean {
  return delta !== "" || toolCalls.length > 0 || done;
}

function withoutParts({ stop: _stop, ...piece }: StreamChatResponse): StreamChatResponse {
  return { ...piece, events: [] };
}
