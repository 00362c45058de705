/** A chat request in the form in which the gateway passes it on: all of it in parts, no short form left. Pure. */

import type { ChatMessage, ChatRequest, ToolCall } from "#gen/polygate/v1/chat_pb.js";
import { mediaFromBytes } from "./media.ts";
import { partOf, textPart } from "./parts.ts";
import { callPart } from "./short-form.ts";

/** A turn that is in its parts alone. */
export type Turn = Omit<ChatMessage, "content" | "toolCalls" | "toolCallId" | "images"> & {
  content: "";
  toolCalls: [];
  toolCallId: "";
  images: [];
};

/**
 * A request that is in the parts of its turns alone. Every conversation is a `ChatRequest`; the type
 * keeps one that may have short forms from whoever reads parts only.
 */
export type Conversation = Omit<ChatRequest, "message" | "messages"> & {
  message: "";
  messages: Turn[];
};

/** A turn of these parts. A literal, in full, because every call makes some. */
export function turnOf(role: string, parts: ChatMessage["parts"]): Turn {
  return {
    $typeName: "polygate.v1.ChatMessage",
    role,
    content: "",
    toolCalls: [],
    toolCallId: "",
    images: [],
    parts,
  };
}

/** Whether a turn has no short form. */
function isTurn(message: ChatMessage): message is Turn {
  const { content, images, toolCalls, toolCallId } = message;
  return content === "" && images.length === 0 && toolCalls.length === 0 && toolCallId === "";
}

/** Results of calls that their maker ran itself: the turn after them has those. */
function resultsOf(calls: readonly ToolCall[]): Turn[] {
  const parts = calls
    .filter(({ result }) => result !== "")
    .map(({ id, name, result }) =>
      partOf({ case: "toolResult", value: { callId: id, name, parts: [textPart(result)] } }),
    );
  return parts.length === 0 ? [] : [turnOf("tool", parts)];
}

/** The turns of a turn in its short form: one, and another for results that it holds. */
function turnsOf({ role, content, images, toolCalls, toolCallId }: ChatMessage): Turn[] {
  const texts = content === "" ? [] : [textPart(content)];
  const media = images.map(({ data, mediaType }) =>
    partOf({ case: "image", value: mediaFromBytes(data, mediaType) }),
  );
  if (role === "tool") {
    const returned = { callId: toolCallId, parts: [...texts, ...media] };
    return [turnOf(role, [partOf({ case: "toolResult", value: returned })])];
  }
  return [turnOf(role, [...texts, ...media, ...toolCalls.map(callPart)]), ...resultsOf(toolCalls)];
}

/** The request with every turn in its parts, and `message` as the last of them. */
export function normalized(request: ChatRequest): Conversation {
  const messages: Turn[] = [];
  for (const message of request.messages) {
    if (message.parts.length === 0) messages.push(...turnsOf(message));
    else messages.push(isTurn(message) ? message : turnOf(message.role, message.parts));
  }
  if (request.message !== "") messages.push(turnOf("user", [textPart(request.message)]));
  return { ...request, message: "", messages };
}

/** The request with its `context` as a first system turn, for those who know no context. */
export function withContext(request: Conversation): Conversation {
  const { context, messages } = request;
  if (context === "") return request;
  return {
    ...request,
    context: "",
    messages: [turnOf("system", [textPart(context)]), ...messages],
  };
}
