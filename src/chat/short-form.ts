/** A response's short form (its text, its calls, one word for its end) ↔ its parts and stop. Pure. */

import { create } from "@bufbuild/protobuf";
import { type ChatResponse, type ToolCall, ToolCallSchema } from "#gen/polygate/v1/chat_pb.js";
import { Stop_Kind as Kind, type Part, type Stop } from "#gen/polygate/v1/conversation_pb.js";
import { stopOf, textOf, textPart, toolCallPart } from "./parts.ts";

const words: Readonly<Record<Kind, string>> = {
  [Kind.UNSPECIFIED]: "stop",
  [Kind.END]: "stop",
  [Kind.SEQUENCE]: "stop",
  [Kind.LENGTH]: "length",
  [Kind.CONTEXT_WINDOW]: "length",
  [Kind.TOOL_CALLS]: "tool_calls",
  [Kind.PAUSE]: "length",
  [Kind.REFUSAL]: "content_filter",
};

const kinds: ReadonlyMap<string, Kind> = new Map([
  ["stop", Kind.END],
  ["length", Kind.LENGTH],
  ["tool_calls", Kind.TOOL_CALLS],
  ["content_filter", Kind.REFUSAL],
]);

/** One word for a stop. */
export function finishReasonOf(stop: Stop | undefined): string {
  return words[stop?.kind ?? Kind.UNSPECIFIED];
}

/** The stop of one word. */
export function stopOfWord(word: string): Stop {
  return stopOf(kinds.get(word) ?? Kind.END, word);
}

/** Why each alternative of a response ended. */
export function stopsOf(response: ChatResponse): Stop[] {
  const ends = [response, ...response.alternatives].map(({ stop }) => stop);
  return ends.map((stop) => stop ?? stopOfWord(response.finishReason));
}

/** The calls of parts, each with what it returned where that stands among them. */
export function toolCallsOf(parts: readonly Part[]): ToolCall[] {
  const calls = new Map<string, ToolCall>();
  for (const { content } of parts) {
    if (content.case === "toolCall") {
      const { id, name, arguments: argumentsJson } = content.value;
      calls.set(id, create(ToolCallSchema, { id, name, argumentsJson }));
    } else if (content.case === "toolResult") {
      const call = calls.get(content.value.callId);
      if (call !== undefined) call.result = content.value.parts.map(textOf).join("\n");
    }
  }
  return [...calls.values()];
}

/** The part of a call in its short form. */
export function callPart({ id, name, argumentsJson }: ToolCall): Part {
  return toolCallPart({ id, name, arguments: argumentsJson });
}

/** The words of a refusal, else those of the response. */
function wordsOf(parts: readonly Part[]): string {
  const text = parts.map(textOf).join("");
  if (text !== "") return text;
  const refusal = parts.find(({ content }) => content.case === "refusal")?.content;
  return refusal?.case === "refusal" ? refusal.value.text : "";
}

/** Fills the short form of a response that has parts; others are what they are. */
export function fillShortForm(response: ChatResponse): void {
  const { parts, stop } = response;
  if (parts.length === 0 && stop === undefined) return;
  response.response = wordsOf(parts);
  response.toolCalls = toolCallsOf(parts);
  response.toolsCalled = response.toolCalls.map(({ name }) => name);
  response.finishReason = finishReasonOf(stop);
}

/** Fills the parts of a response that has the short form alone. */
export function fillParts(response: ChatResponse): void {
  if (response.parts.length > 0 || response.stop !== undefined) return;
  const { response: text, toolCalls, finishReason } = response;
  response.parts = [...toolCalls.map(callPart), ...(text === "" ? [] : [textPart(text)])];
  response.stop = stopOfWord(finishReason);
}
