/** The short forms of a request (message, content, images, tool_calls) as ordered parts. Pure. */

import { create } from "@bufbuild/protobuf";
import {
  type ChatMessage,
  ChatMessageSchema,
  type ChatRequest,
  ChatRequestSchema,
  type ToolCall,
} from "#gen/polygate/v1/chat_pb.js";
import { mediaFromBytes } from "./media.ts";
import { partOf, textPart } from "./parts.ts";
import { callPart } from "./short-form.ts";

/** What calls returned that whoever made them ran: the turn after them says so. */
function resultsOf(calls: readonly ToolCall[]): ChatMessage[] {
  const parts = calls
    .filter(({ result }) => result !== "")
    .map(({ id, name, result }) =>
      partOf({ case: "toolResult", value: { callId: id, name, parts: [textPart(result)] } }),
    );
  return parts.length === 0 ? [] : [create(ChatMessageSchema, { role: "tool", parts })];
}

/** The turns of a turn in its short form: one, and another for results that it holds. */
function turnsOf(message: ChatMessage): ChatMessage[] {
  const { role, content, images, toolCalls, toolCallId, parts } = message;
  if (parts.length > 0) return [message];
  const texts = content === "" ? [] : [textPart(content)];
  if (role === "tool") {
    const result = partOf({ case: "toolResult", value: { callId: toolCallId, parts: texts } });
    return [create(ChatMessageSchema, { role, parts: [result] })];
  }
  const media = images.map(({ data, mediaType }) =>
    partOf({ case: "image", value: mediaFromBytes(data, mediaType) }),
  );
  const turn = { role, parts: [...texts, ...media, ...toolCalls.map(callPart)] };
  return [create(ChatMessageSchema, turn), ...resultsOf(toolCalls)];
}

/** The request with every turn in `parts`, `message` as the last of them, and no short form left. */
export function normalized(request: ChatRequest): ChatRequest {
  const { message, messages } = request;
  const last =
    message === "" ? [] : [create(ChatMessageSchema, { role: "user", parts: [textPart(message)] })];
  return create(ChatRequestSchema, {
    ...request,
    message: "",
    messages: [...messages.flatMap(turnsOf), ...last],
  });
}

/** The request with its `context` as a first system turn, for those who know no context. */
export function withContext(request: ChatRequest): ChatRequest {
  const { context, messages } = request;
  if (context === "") return request;
  const system = create(ChatMessageSchema, { role: "system", parts: [textPart(context)] });
  return create(ChatRequestSchema, { ...request, context: "", messages: [system, ...messages] });
}
