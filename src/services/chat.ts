/** ChatService: a conversation in, a model's response out, whole or in pieces. */

import { create, toBinary } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { type Conversation, normalized } from "#chat/normalize.ts";
import { fillParts, fillShortForm } from "#chat/short-form.ts";
import { relayKey } from "#dialects/relay/relay.ts";
import { fault } from "#errors/fault.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
  type ChatService,
  type QueryRequest,
  type StreamChatResponse,
  StreamChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import type { Stop } from "#gen/polygate/v1/conversation_pb.js";
import { creatorOf } from "#protobuf/creator.ts";
import type { RoutedCall } from "#routing/dispatch.ts";
import { backendCallOf } from "./backend-call.ts";
import type { CachedChat, ChatCache } from "./chat-cache.ts";
import { ActiveChat, type ChatWant } from "./chat-call.ts";
import type { ChatHooks } from "./chat-hooks.ts";
import { PieceWriter } from "./chat-pieces.ts";
import type { RoutedDeps } from "./routed-call.ts";
import type { UploadedFiles } from "./uploaded-files.ts";

/** What the service needs. */
export interface ChatServiceDeps extends RoutedDeps {
  readonly responses: ChatCache;
  /** What judges chats; absent where nothing does. */
  readonly hooks?: ChatHooks | undefined;
  /** What was uploaded. */
  readonly uploads: UploadedFiles;
}

const createPiece = creatorOf(StreamChatResponseSchema);

/** A backend's whole response with its price, in both forms. */
function completed(chat: ActiveChat, response: ChatResponse): ChatResponse {
  response.cost = chat.cost;
  fillShortForm(response);
  return response;
}

/** A backend's response in pieces; returns why it ended. */
async function* answerPieces(
  chat: ActiveChat,
  withParts: boolean,
  call: RoutedCall,
): AsyncGenerator<StreamChatResponse, readonly Stop[], undefined> {
  const writer = new PieceWriter(withParts);
  const end = chat.measure(call.signal);
  let isOver = false;
  try {
    // To the end, not to the last event: leaving before it would cancel the backend's call.
    for await (const events of chat.events(call, writer)) {
      for (const piece of writer.write(events)) yield createPiece(piece);
    }
    if (!writer.isWhole) {
      throw fault("BACKEND_FAILED", "the backend ended its response before the last piece");
    }
    yield createPiece(writer.last({ cost: chat.cost, elapsedMs: chat.elapsedMs }));
    isOver = true;
    end();
    return writer.stops;
  } catch (thrown) {
    isOver = true;
    end(thrown);
    throw thrown;
  } finally {
    if (!isOver) end(new DOMException("the client left", "AbortError"));
  }
}

/** A whole response that the cache may have: no one is asked for one that is kept. */
async function cachedResponse(chat: ActiveChat, cached: CachedChat): Promise<ChatResponse> {
  const { message, isKept } = await cached.whole(async (call) =>
    completed(chat, await chat.response(call)),
  );
  if (isKept) {
    message.cost = 0;
    chat.accountKept(message.modelUsed);
  }
  return message;
}

/** A response in pieces that the cache may have: no one is asked for one that is kept. */
async function* cachedPieces(
  chat: ActiveChat,
  pieces: ReturnType<CachedChat["stream"]>,
): AsyncGenerator<StreamChatResponse> {
  for await (const { message, isKept } of pieces) {
    if (isKept && message.done) {
      message.cost = 0;
      message.processingTimeMs = Math.round(chat.elapsedMs);
      chat.accountKept(message.modelUsed);
    }
    yield message;
  }
}

/** What a request takes in memory: as it was read, and as it came where that may be relayed. */
function bytesOf(request: Conversation, { values }: HandlerContext): number {
  const asItCame = values.get(relayKey)?.request.body.length ?? 0;
  return toBinary(ChatRequestSchema, request).length + asItCame;
}

/** The refusal of a stream by a method that has none. */
function streamElsewhere() {
  const description = "StreamChat answers as a stream";
  return fault("REQUEST_INVALID", `stream: ${description}`, {
    fields: [{ field: "stream", description }],
  });
}

/** The chat that a question is. */
function chatOf({ query, sessionId, options }: QueryRequest): ChatRequest {
  return create(ChatRequestSchema, {
    message: query,
    useTools: true,
    sessionId,
    temperature: options?.temperature,
    maxTokens: options?.maxTokens,
  });
}

/** The service over the catalog of chat routes. */
export function createChatService(deps: ChatServiceDeps): ServiceImpl<typeof ChatService> {
  const { responses, hooks, uploads } = deps;

  function answered(
    request: Conversation,
    context: HandlerContext,
    wanted?: ChatWant,
  ): Promise<ChatResponse> {
    const chat = new ActiveChat(deps, request, context, wanted);
    const timed = (response: ChatResponse): ChatResponse => {
      response.processingTimeMs = Math.round(chat.elapsedMs);
      return response;
    };
    const work = (own: HandlerContext): Promise<ChatResponse> => {
      const cached = responses.for(request, own);
      // One promise for both: each costs every call.
      return cached === undefined
        ? chat.response(backendCallOf(own)).then((response) => timed(completed(chat, response)))
        : cachedResponse(chat, cached).then(timed);
    };
    const lasting = chat.lasting(() => bytesOf(request, context));
    return lasting === undefined ? work(context) : lasting.whole(work);
  }

  function pieces(
    request: Conversation,
    context: HandlerContext,
  ): AsyncGenerator<StreamChatResponse, unknown, undefined> {
    const chat = new ActiveChat(deps, request, context);
    const make = (call: RoutedCall) => answerPieces(chat, request.withParts, call);
    const work = (own: HandlerContext) => {
      const cached = responses.for(request, own);
      return cached === undefined
        ? make(backendCallOf(own))
        : cachedPieces(chat, cached.stream(make));
    };
    const lasting = chat.lasting(() => bytesOf(request, context));
    return lasting === undefined ? work(context) : lasting.stream(work);
  }

  function ask(
    request: Conversation,
    context: HandlerContext,
    wanted?: ChatWant,
  ): Promise<ChatResponse> {
    const judged = hooks?.for(request, context);
    return judged === undefined
      ? answered(request, context, wanted)
      : judged.whole((allowed) => answered(allowed, context, wanted));
  }

  return {
    chat(request, context) {
      if (request.stream) throw streamElsewhere();
      const asked = normalized(request);
      return uploads
        .whole(asked, context, () => ask(asked, context))
        .then((response) => {
          if (request.withParts) fillParts(response);
          else response.parts = [];
          return response;
        });
    },

    streamChat(request, context) {
      const asked = normalized(request);
      return uploads.pieces(asked, context, () => {
        const judged = hooks?.for(asked, context);
        return judged === undefined
          ? pieces(asked, context)
          : judged.pieces((allowed) => pieces(allowed, context));
      });
    },

    countTokens(request, context) {
      const asked = normalized(request);
      return uploads.whole(asked, context, async () => {
        const judged = hooks?.for(asked, context);
        const allowed = judged === undefined ? asked : await judged.request();
        return await new ActiveChat(deps, allowed, context, { needs: "count_tokens" }).count();
      });
    },

    async query(request, context) {
      const response = await ask(normalized(chatOf(request)), context, { isQuery: true });
      return {
        response: response.response,
        routedVia: context.responseHeader.get("x-polygate-provider") ?? "",
        processingTimeMs: response.processingTimeMs,
        modelUsed: response.modelUsed,
        ...(response.usage === undefined ? {} : { usage: response.usage }),
      };
    },
  };
}
