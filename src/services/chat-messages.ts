/** The public chat messages ↔ the core's. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type StreamChatResponse as CorePiece,
  type ChatRequest as CoreRequest,
  ChatRequestSchema as CoreRequestSchema,
  type ChatResponse as CoreResponse,
  type ToolCall as CoreToolCall,
  MessageSchema,
} from "#gen/polyagent/core/v1/core_pb.js";
import type {
  ChatRequest,
  ChatResponseSchema,
  QueryRequest,
  StreamChatResponseSchema,
  ToolCall,
} from "#gen/polygate/v1/chat_pb.js";

import { creatorOf } from "#protobuf/creator.ts";

/** What the gateway adds to a core's answer. */
export interface ChatFacts {
  /** Time since the request arrived, in milliseconds. */
  readonly elapsedMs: number;
  /** Price in US dollars. */
  readonly cost: number;
}

function toolCall({ id, name, argumentsJson, result }: ToolCall | CoreToolCall) {
  return { id, name, argumentsJson, result };
}

const createRequest = creatorOf(CoreRequestSchema);
const createMessage = creatorOf(MessageSchema);

/** The core's request: the conversation with `message` as its last turn. */
export function coreRequest(request: ChatRequest): CoreRequest {
  const turns = request.messages.map(({ role, content, toolCallId, toolCalls, images }) =>
    createMessage({
      role,
      content,
      toolCallId,
      toolCalls: toolCalls.map(toolCall),
      images: images.map(({ data, mediaType }) => ({ data, mediaType })),
    }),
  );
  if (request.message !== "") turns.push(createMessage({ role: "user", content: request.message }));
  return createRequest({
    messages: turns,
    context: request.context,
    useTools: request.useTools,
    model: request.modelPreference,
    sessionId: request.sessionId,
    tools: request.tools.map(({ name, description, parametersJson }) => ({
      name,
      description,
      parametersJson,
    })),
    temperature: request.temperature,
    maxTokens: request.maxTokens,
  });
}

/** The core's request for one question; the core may use its tools. */
export function coreQuery({ query, sessionId, options }: QueryRequest): CoreRequest {
  return createRequest({
    messages: [{ role: "user", content: query }],
    useTools: true,
    sessionId,
    ...(options?.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options?.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
  });
}

/** Tokens of an answer, as the public API words them. */
export function usageOf({ usage }: CoreResponse | CorePiece) {
  return {
    promptTokens: usage?.promptTokens ?? 0,
    completionTokens: usage?.completionTokens ?? 0,
    totalTokens: usage?.totalTokens ?? 0,
  };
}

/** A whole answer. */
export function chatResponse(
  answer: CoreResponse,
  { elapsedMs, cost }: ChatFacts,
): MessageInitShape<typeof ChatResponseSchema> {
  return {
    response: answer.content,
    modelUsed: answer.model,
    usage: usageOf(answer),
    cost,
    toolsCalled: answer.toolCalls.map(({ name }) => name),
    toolCalls: answer.toolCalls.map(toolCall),
    finishReason: answer.finishReason,
    processingTimeMs: Math.round(elapsedMs),
  };
}

/** A piece in the middle of an answer. */
export function chatPiece(piece: CorePiece) {
  return { delta: piece.delta, toolCalls: piece.toolCalls.map(toolCall) };
}

/** The last piece, with the totals of the whole answer. */
export function lastPiece(
  piece: CorePiece,
  toolsCalled: readonly string[],
  { elapsedMs, cost }: ChatFacts,
): MessageInitShape<typeof StreamChatResponseSchema> {
  return {
    ...chatPiece(piece),
    done: true,
    finishReason: piece.finishReason,
    modelUsed: piece.model,
    usage: usageOf(piece),
    cost,
    toolsCalled: [...toolsCalled],
    processingTimeMs: Math.round(elapsedMs),
  };
}
