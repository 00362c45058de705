/** One chat, or the count of its tokens: the call that its request makes. */

import { toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { Ability, ChatBackend, ChatCall } from "#backends/backend.ts";
import type { ChatAsk } from "#catalog/chat-catalog.ts";
import type { Conversation } from "#chat/normalize.ts";
import { textOf } from "#chat/parts.ts";
import { finishReasonOf } from "#chat/short-form.ts";
import { fault } from "#errors/fault.ts";
import {
  ChatRequestSchema,
  type ChatResponse,
  ChatService,
  type CountTokensResponse,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent, Part } from "#gen/polygate/v1/conversation_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import { procedureOf } from "#interceptors/outcome.ts";
import type { AttemptCall, RoutedCall as DispatchedCall } from "#routing/dispatch.ts";
import type { Answered } from "./account.ts";
import { PieceWriter } from "./chat-pieces.ts";
import { unlessDeclined, untilDeclined } from "./declined.ts";
import type { Copy } from "./mirrors.ts";
import { likelyTokens, RoutedCall, type RoutedDeps } from "./routed-call.ts";

/** Tokens that a response is taken to have where no one bounds it. */
const outputTokensDefault = 512;

/** Where Claude Code says which of its sessions calls. */
const codeSession = "x-claude-code-session-id";

/** Characters of all text in parts, what tools returned included. */
function charactersOf(parts: readonly Part[]): number {
  let characters = 0;
  for (const part of parts) {
    const { content } = part;
    if (content.case === "toolResult") characters += charactersOf(content.value.parts);
    else characters += textOf(part).length;
  }
  return characters;
}

/** What a chat is besides a request. */
export interface ChatWant {
  /** What a backend must be able to do. */
  readonly needs?: Ability;
  /** It is a question of its own, without a conversation. */
  readonly isQuery?: boolean;
}

/** What of a request its route may depend on. */
function askOf(
  request: Conversation,
  { requestHeader, values }: HandlerContext,
  wanted: ChatWant,
): ChatAsk {
  const { context, messages, sessionId, maxTokens, providerOptions } = request;
  let characters = context.length;
  for (const { parts } of messages) characters += charactersOf(parts);
  const { principal } = values.get(callRecordKey);
  const cacheKey = providerOptions?.cacheKey;
  const header = (name: string) => requestHeader.get(name) || undefined;
  const affinityOf = (source: string): string | undefined => {
    switch (source) {
      case "session_id":
        return sessionId || undefined;
      case "prompt_cache_key":
        return cacheKey || undefined;
      case "principal":
        return principal;
      default:
        return header(source);
    }
  };
  return {
    affinityKey: sessionId || cacheKey || header(codeSession) || principal,
    affinityOf,
    promptTokens: likelyTokens(characters),
    outputTokens: maxTokens ?? outputTokensDefault,
    needs: wanted.needs,
    isQuery: wanted.isQuery,
  };
}

const procedures = {
  whole: procedureOf(ChatService.method.chat),
  pieces: procedureOf(ChatService.method.streamChat),
};

const answeredOf = ({ modelUsed: model, usage, finishReason, stop }: ChatResponse): Answered => ({
  model,
  usage,
  finishReason: finishReason || finishReasonOf(stop),
});

/** What the pieces of a whole response say of it; undefined before the last one. */
function whole(pieces: PieceWriter): Answered | undefined {
  return pieces.isWhole ? pieces : undefined;
}

/** A chat from its route to its response. */
export class ActiveChat extends RoutedCall {
  readonly #request: Conversation;

  /** Finds the route. Throws MODEL_UNKNOWN; OPERATION_UNSUPPORTED where no one can do what it needs. */
  constructor(
    deps: RoutedDeps,
    request: Conversation,
    context: HandlerContext,
    wanted: ChatWant = {},
  ) {
    const ask = askOf(request, context, wanted);
    const operation = wanted.needs === undefined ? "chat" : undefined;
    const { modelPreference: model, maxTokens, choices = 1 } = request;
    const outputTokensMax = maxTokens === undefined ? undefined : maxTokens * choices;
    super(deps, { model, ask, operation, outputTokensMax }, context);
    this.#request = request;
  }

  /** A whole response, for as long as `call` allows. */
  response(call: DispatchedCall): Promise<ChatResponse> {
    this.#offer("whole", async ({ dispatch, route, routed, record }) => {
      const ask = (backend: ChatBackend, attempt: AttemptCall) =>
        backend.chat(this.#request, this.copyOf(attempt, record));
      await dispatch.call(route, ask, routed(answeredOf));
    });
    return this.whole(
      (backend, attempt) => {
        const response = backend.chat(this.#request, attempt);
        return attempt.failsDeclined === true ? unlessDeclined(response) : response;
      },
      answeredOf,
      call,
    );
  }

  /** The response as events, those together that came together; `writer` is given them. */
  events(call: DispatchedCall, writer: PieceWriter): AsyncGenerator<readonly ChatEvent[]> {
    this.#offer("pieces", async ({ dispatch, route, routed, record }) => {
      const pieces = new PieceWriter(false);
      const open = (backend: ChatBackend, attempt: AttemptCall) =>
        backend.streamChat(this.#request, this.copyOf(attempt, record));
      const copied = routed(() => whole(pieces));
      for await (const events of dispatch.stream(route, open, copied)) pieces.write(events);
      if (!pieces.isWhole) throw fault("BACKEND_FAILED", "the backend ended its response early");
    });
    const open = (backend: ChatBackend, attempt: ChatCall) => {
      const events = backend.streamChat(this.#request, attempt);
      return attempt.failsDeclined === true ? untilDeclined(events) : events;
    };
    const tokensRead = () => {
      const { usage, characters } = writer;
      const seen = likelyTokens(characters) + (this.relay?.unread ?? 0);
      // Some report a few tokens at the beginning.
      return Math.max(usage?.completionTokens ?? 0, seen);
    };
    return this.pieces(open, call, {
      answeredOf: () => whole(writer),
      partOf: () => writer,
      tokensRead,
    });
  }

  #offer(kind: keyof typeof procedures, read: (copy: Copy) => Promise<void>): void {
    const bytes = () => toBinary(ChatRequestSchema, this.#request).length;
    this.offerCopy({ procedure: procedures[kind], bytes, read });
  }

  /** The tokens that a response would read. */
  count(): Promise<CountTokensResponse> {
    return this.whole((backend, call) => {
      if (backend.countTokens !== undefined) return backend.countTokens(this.#request, call);
      throw fault("OPERATION_UNSUPPORTED", "the backend counts no tokens");
    });
  }
}
