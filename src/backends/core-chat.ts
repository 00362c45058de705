/** A PolyAgent core as a chat backend: the canonical language ↔ the core's own. */

import type { Conversation, Turn } from "#chat/normalize.ts";
import { eventOf, events, partOf, textOf, textPart, toolCallPart } from "#chat/parts.ts";
import { stopOfWord, toolCallsOf } from "#chat/short-form.ts";
import type {
  Image as CoreImage,
  Message as CoreMessage,
  StreamChatResponse as CorePiece,
  ChatRequest as CoreRequest,
  ChatResponse as CoreResponse,
  ToolCall as CoreToolCall,
  Usage as CoreUsage,
} from "#gen/polyagent/core/v1/core_pb.js";
import type { ChatResponse, ToolCall } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent, Part, Usage } from "#gen/polygate/v1/conversation_pb.js";
import type { ChatBackend, CoreBackend } from "./backend.ts";

// Messages as literals, in full: `create` takes ten times as long, and there are ten a call.

/** A turn of a core's conversation. */
function coreMessage(
  role: string,
  content: string,
  more: Partial<Pick<CoreMessage, "toolCalls" | "toolCallId" | "images">> = {},
): CoreMessage {
  const { toolCalls = [], toolCallId = "", images = [] } = more;
  return {
    $typeName: "polyagent.core.v1.Message",
    role,
    content,
    toolCalls,
    toolCallId,
    images,
  };
}

function coreCall({ id, name, argumentsJson, result }: ToolCall): CoreToolCall {
  return { $typeName: "polyagent.core.v1.ToolCall", id, name, argumentsJson, result };
}

function callOf({ id, name, argumentsJson, result }: CoreToolCall): ToolCall {
  return { $typeName: "polygate.v1.ToolCall", id, name, argumentsJson, result };
}

function imagesOf({ content }: Part): CoreImage[] {
  if (content.case !== "image" || content.value.source.case !== "data") return [];
  const { mediaType, source } = content.value;
  return [{ $typeName: "polyagent.core.v1.Image", data: source.value, mediaType }];
}

/**
 * What calls returned to their maker, which ran them itself: a core wants that with the calls. A tool
 * turn right after them has it, and names the tools; results that a caller has to give come without.
 */
function ownResults({ parts }: Turn, after: Turn | undefined): readonly Part[] {
  if (after?.role !== "tool") return [];
  const ids = new Set(parts.map(({ content }) => content.case === "toolCall" && content.value.id));
  const areOwn = after.parts.every(
    ({ content }) =>
      content.case === "toolResult" && content.value.name !== "" && ids.has(content.value.callId),
  );
  return areOwn ? after.parts : [];
}

/** A turn's own: a core has text, images and calls, and one turn for each result. */
function turnsOf({ role, parts }: Turn, returned: readonly Part[]): CoreMessage[] {
  const [first] = parts;
  // Most turns are one text.
  if (parts.length === 1 && first?.content.case === "text") {
    return [coreMessage(role, first.content.value.text)];
  }
  const results = parts.flatMap(({ content }) =>
    content.case === "toolResult" ? [content.value] : [],
  );
  const rest = parts.filter(({ content }) => content.case !== "toolResult");
  const toolTurns = results.map(({ callId, parts: given }) =>
    coreMessage("tool", given.map(textOf).join("\n"), {
      toolCallId: callId,
      images: given.flatMap(imagesOf),
    }),
  );
  if (rest.length === 0 && results.length > 0) return toolTurns;
  const turn = coreMessage(role, rest.map(textOf).join(""), {
    toolCalls: toolCallsOf([...rest, ...returned]).map(coreCall),
    images: rest.flatMap(imagesOf),
  });
  return [...toolTurns, turn];
}

/** The turns of a conversation. */
function conversationOf(messages: readonly Turn[]): CoreMessage[] {
  const [only] = messages;
  if (only !== undefined && messages.length === 1) return turnsOf(only, []);
  const turns: CoreMessage[] = [];
  for (let at = 0; at < messages.length; at += 1) {
    const turn = messages[at] as Turn;
    const returned = turn.role === "assistant" ? ownResults(turn, messages[at + 1]) : [];
    turns.push(...turnsOf(turn, returned));
    if (returned.length > 0) at += 1;
  }
  return turns;
}

/** The core's request. */
function coreRequest(request: Conversation, model: string): CoreRequest {
  return {
    $typeName: "polyagent.core.v1.ChatRequest",
    messages: conversationOf(request.messages),
    context: request.context,
    useTools: request.useTools,
    model: model === "" ? request.modelPreference : model,
    sessionId: request.sessionId,
    tools: request.tools.map(({ name, description, parametersJson }) => ({
      $typeName: "polyagent.core.v1.ToolDefinition",
      name,
      description,
      parametersJson,
    })),
    temperature: request.temperature,
    maxTokens: request.maxTokens,
  };
}

/** What a core counts; it tells no kinds of tokens apart. */
function usageOf(usage: CoreUsage | undefined): Usage {
  return {
    $typeName: "polygate.v1.Usage",
    promptTokens: usage?.promptTokens ?? 0,
    completionTokens: usage?.completionTokens ?? 0,
    totalTokens: usage?.totalTokens ?? 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    cacheWriteLongTokens: 0,
    reasoningTokens: 0,
    audioPromptTokens: 0,
    audioCompletionTokens: 0,
    estimated: false,
  };
}

/** The response in its short form. */
function chatResponse({
  content,
  model,
  toolCalls,
  usage,
  finishReason,
}: CoreResponse): ChatResponse {
  return {
    $typeName: "polygate.v1.ChatResponse",
    response: content,
    modelUsed: model,
    usage: usageOf(usage),
    cost: 0,
    toolsCalled: toolCalls.map(({ name }) => name),
    processingTimeMs: 0,
    toolCalls: toolCalls.map(callOf),
    finishReason,
    parts: [],
    alternatives: [],
    id: "",
  };
}

/** Turns a core's pieces into events: its text is one part, each call another. */
class PieceReader {
  #parts = 0;
  #isTextOpen = false;
  #isStarted = false;
  /** Goes out with the first content: until then the call may go elsewhere. */
  #start: ChatEvent | undefined;

  read(piece: CorePiece): ChatEvent[] {
    const out: ChatEvent[] = [];
    if (!this.#isStarted && piece.model !== "") {
      this.#isStarted = true;
      this.#start = events.start({ id: "", model: piece.model });
    }
    for (const call of piece.toolCalls) this.#call(call, out);
    if (piece.delta !== "") this.#text(piece.delta, out);
    if (piece.finishReason !== "") {
      this.#close(out);
      if (piece.usage !== undefined) {
        out.push(events.usage(usageOf(piece.usage)));
      }
      out.push(events.stop(stopOfWord(piece.finishReason)));
    }
    if (this.#start === undefined || out.length === 0) return out;
    out.unshift(this.#start);
    this.#start = undefined;
    return out;
  }

  #text(delta: string, out: ChatEvent[]): void {
    if (!this.#isTextOpen) {
      this.#begin(textPart(""), out);
      this.#isTextOpen = true;
    }
    out.push(eventOf({ case: "textDelta", value: delta }, this.#parts - 1));
  }

  #call({ id, name, argumentsJson, result }: CoreToolCall, out: ChatEvent[]): void {
    this.#whole(toolCallPart({ id, name, arguments: argumentsJson }), out);
    if (result === "") return;
    const value = { callId: id, name, parts: [textPart(result)] };
    this.#whole(partOf({ case: "toolResult", value }), out);
  }

  #whole(part: Part, out: ChatEvent[]): void {
    this.#begin(part, out);
    out.push(eventOf({ case: "partStop", value: {} }, this.#parts - 1));
  }

  #begin(part: Part, out: ChatEvent[]): void {
    this.#close(out);
    this.#parts += 1;
    out.push(eventOf({ case: "partStart", value: part }, this.#parts - 1));
  }

  #close(out: ChatEvent[]): void {
    if (!this.#isTextOpen) return;
    this.#isTextOpen = false;
    out.push(eventOf({ case: "partStop", value: {} }, this.#parts - 1));
  }
}

/** The chat backend over a core, which it owns. */
export function coreChat(core: CoreBackend): ChatBackend {
  return {
    chat: (request, call) => core.chat(coreRequest(request, call.model), call).then(chatResponse),
    async *streamChat(request, call) {
      const reader = new PieceReader();
      for await (const piece of core.streamChat(coreRequest(request, call.model), call)) {
        const read = reader.read(piece);
        if (read.length > 0) yield read;
      }
    },
    listModels: (signal) => core.listModels(signal),
    check: (signal) => core.check(signal),
    [Symbol.asyncDispose]: () => core[Symbol.asyncDispose](),
  };
}
