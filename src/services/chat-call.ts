/** One chat, or the count of its tokens: the call that its request makes. */

import type { HandlerContext } from "@connectrpc/connect";
import type { Ability } from "#backends/backend.ts";
import type { ChatAsk } from "#catalog/chat-catalog.ts";
import { fault } from "#errors/fault.ts";
import type { ChatRequest, ChatResponse, CountTokensResponse } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";
import { callRecordKey } from "#interceptors/context.ts";
import type { RoutedCall as DispatchedCall } from "#routing/dispatch.ts";
import { unlessDeclined, untilDeclined } from "./declined.ts";
import { likelyTokens, RoutedCall, type RoutedDeps } from "./routed-call.ts";

/** Tokens that a response is taken to have where no one bounds it. */
const outputTokensDefault = 512;

/** What of a request its route may depend on. */
function askOf(
  request: ChatRequest,
  principal: string | undefined,
  needs: Ability | undefined,
): ChatAsk {
  const { message, context, messages, sessionId, maxTokens, providerOptions } = request;
  let characters = message.length + context.length;
  for (const { content, parts } of messages) {
    characters += content.length;
    for (const part of parts) {
      if (part.content.case === "text") characters += part.content.value.text.length;
    }
  }
  return {
    affinityKey: sessionId || providerOptions?.cacheKey || principal,
    promptTokens: likelyTokens(characters),
    outputTokens: maxTokens ?? outputTokensDefault,
    needs,
  };
}

/** A chat from its route to its response. */
export class ActiveChat extends RoutedCall {
  readonly #request: ChatRequest;

  /** Finds the route. Throws MODEL_UNKNOWN; OPERATION_UNSUPPORTED where no one can do what it needs. */
  constructor(deps: RoutedDeps, request: ChatRequest, context: HandlerContext, needs?: Ability) {
    const { principal } = context.values.get(callRecordKey);
    super(deps, request.modelPreference, askOf(request, principal, needs), context);
    this.#request = request;
  }

  /** A whole response, for as long as `call` allows. */
  response(call: DispatchedCall): Promise<ChatResponse> {
    return this.whole((backend, attempt) => {
      const response = backend.chat(this.#request, attempt);
      return attempt.failsDeclined === true ? unlessDeclined(response) : response;
    }, call);
  }

  /** The response as events, those together that came together. */
  events(call: DispatchedCall): AsyncGenerator<readonly ChatEvent[]> {
    return this.pieces((backend, attempt) => {
      const events = backend.streamChat(this.#request, attempt);
      return attempt.failsDeclined === true ? untilDeclined(events) : events;
    }, call);
  }

  /** The tokens that a response would read. */
  count(): Promise<CountTokensResponse> {
    return this.whole((backend, call) => {
      if (backend.countTokens !== undefined) return backend.countTokens(this.#request, call);
      throw fault("OPERATION_UNSUPPORTED", "the backend counts no tokens");
    });
  }
}
