/** One chat, or the count of its tokens: the call that its request makes. */

import { toBinary } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import type { Ability, ChatBackend } from "#backends/backend.ts";
import type { ChatAsk } from "#catalog/chat-catalog.ts";
import { fault } from "#errors/fault.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  ChatService,
  type CountTokensResponse,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import { procedureOf } from "#interceptors/outcome.ts";
import type { AttemptCall, RoutedCall as DispatchedCall } from "#routing/dispatch.ts";
import { PieceWriter } from "./chat-pieces.ts";
import { unlessDeclined, untilDeclined } from "./declined.ts";
import type { Answered, Copy } from "./mirrors.ts";
import { likelyTokens, RoutedCall, type RoutedDeps } from "./routed-call.ts";

/** Tokens that a response is taken to have where no one bounds it. */
const outputTokensDefault = 512;

/** Where Claude Code says which of its sessions calls. */
const codeSession = "x-claude-code-session-id";

/** What a chat is besides a request. */
export interface ChatWant {
  /** What a backend must be able to do. */
  readonly needs?: Ability;
  /** It is a question of its own, without a conversation. */
  readonly isQuery?: boolean;
}

/** What of a request its route may depend on. */
function askOf(
  request: ChatRequest,
  { requestHeader, values }: HandlerContext,
  wanted: ChatWant,
): ChatAsk {
  const { message, context, messages, sessionId, maxTokens, providerOptions } = request;
  let characters = message.length + context.length;
  for (const { content, parts } of messages) {
    characters += content.length;
    for (const part of parts) {
      if (part.content.case === "text") characters += part.content.value.text.length;
    }
  }
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

/** A chat from its route to its response. */
export class ActiveChat extends RoutedCall {
  readonly #request: ChatRequest;

  /** Finds the route. Throws MODEL_UNKNOWN; OPERATION_UNSUPPORTED where no one can do what it needs. */
  constructor(
    deps: RoutedDeps,
    request: ChatRequest,
    context: HandlerContext,
    wanted: ChatWant = {},
  ) {
    super(deps, request.modelPreference, askOf(request, context, wanted), context);
    this.#request = request;
  }

  /** A whole response, for as long as `call` allows. */
  response(call: DispatchedCall): Promise<ChatResponse> {
    this.#offer("whole", async ({ dispatch, route, call: copy, record }) => {
      const { modelUsed: model, usage } = await dispatch.call(
        route,
        (backend, attempt) => backend.chat(this.#request, this.copyOf(attempt, record)),
        copy,
      );
      return { model, usage };
    });
    return this.whole((backend, attempt) => {
      const response = backend.chat(this.#request, attempt);
      return attempt.failsDeclined === true ? unlessDeclined(response) : response;
    }, call);
  }

  /** The response as events, those together that came together. */
  events(call: DispatchedCall): AsyncGenerator<readonly ChatEvent[]> {
    this.#offer("pieces", async ({ dispatch, route, call: copy, record }) => {
      const pieces = new PieceWriter(false);
      const open = (backend: ChatBackend, attempt: AttemptCall) =>
        backend.streamChat(this.#request, this.copyOf(attempt, record));
      for await (const events of dispatch.stream(route, open, copy)) pieces.write(events);
      if (!pieces.isWhole) throw fault("BACKEND_FAILED", "the backend ended its response early");
      return pieces;
    });
    return this.pieces((backend, attempt) => {
      const events = backend.streamChat(this.#request, attempt);
      return attempt.failsDeclined === true ? untilDeclined(events) : events;
    }, call);
  }

  #offer(kind: keyof typeof procedures, read: (copy: Copy) => Promise<Answered>): void {
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
