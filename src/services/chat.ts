/** ChatService: a conversation in, a model's response out, whole or in pieces. */

import { create } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { fillParts, fillShortForm } from "#chat/short-form.ts";
import { fault } from "#errors/fault.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  type ChatService,
} from "#gen/polygate/v1/chat_pb.js";
import { ActiveChat } from "./chat-call.ts";
import { PieceWriter } from "./chat-pieces.ts";
import type { RoutedDeps } from "./routed-call.ts";

/** The service over the catalog of chat routes. */
export function createChatService(deps: RoutedDeps): ServiceImpl<typeof ChatService> {
  async function ask(
    request: ChatRequest,
    context: HandlerContext,
  ): Promise<{ readonly response: ChatResponse; readonly pool: string }> {
    const chat = new ActiveChat(deps, request, context);
    const response = await chat.response();
    response.cost = chat.account({ model: response.modelUsed, usage: response.usage });
    response.processingTimeMs = Math.round(chat.elapsedMs);
    fillShortForm(response);
    return { response, pool: chat.pool };
  }

  return {
    async chat(request, context) {
      if (request.stream) {
        const description = "StreamChat answers as a stream";
        throw fault("REQUEST_INVALID", `stream: ${description}`, {
          fields: [{ field: "stream", description }],
        });
      }
      const { response } = await ask(request, context);
      if (request.withParts) fillParts(response);
      else response.parts = [];
      return response;
    },

    async *streamChat(request, context) {
      const chat = new ActiveChat(deps, request, context);
      const writer = new PieceWriter(request.withParts);
      const end = chat.measure();
      try {
        // To the end, not to the last event: leaving before it would cancel the backend's call.
        for await (const event of chat.events()) {
          const piece = writer.write(event);
          if (piece !== undefined) yield piece;
        }
        if (!writer.isWhole) {
          throw fault("BACKEND_FAILED", "the backend ended its response before the last piece");
        }
        const cost = chat.account(writer);
        yield writer.last({ cost, elapsedMs: chat.elapsedMs });
        end();
      } catch (thrown) {
        end(thrown);
        throw thrown;
      } finally {
        end(new DOMException("the client left", "AbortError"));
      }
    },

    async countTokens(request, context) {
      const chat = new ActiveChat(deps, request, context, "count_tokens");
      return await chat.count();
    },

    async query({ query, sessionId, options }, context) {
      const request = create(ChatRequestSchema, {
        message: query,
        useTools: true,
        sessionId,
        temperature: options?.temperature,
        maxTokens: options?.maxTokens,
      });
      const { response, pool } = await ask(request, context);
      return {
        response: response.response,
        routedVia: pool,
        processingTimeMs: response.processingTimeMs,
        modelUsed: response.modelUsed,
        ...(response.usage === undefined ? {} : { usage: response.usage }),
      };
    },
  };
}
