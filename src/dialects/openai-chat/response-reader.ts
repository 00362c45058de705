/** Reads a whole response of chat completions. Pure. */

import { create } from "@bufbuild/protobuf";
import { partOf, textPart, thinkingPart, toolCallPart } from "#chat/parts.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { malformed } from "#dialects/upstream-error.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import {
  AlternativeSchema,
  OpaqueStateSchema,
  type Part,
  type Stop,
} from "#gen/polygate/v1/conversation_pb.js";
import { readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

/** What a call carries for Google, as its compatible API sends it. */
export function callState(call: LooseObject) {
  const data = call.object("extra_content").object("google").text("thought_signature");
  return data === "" ? {} : { state: create(OpaqueStateSchema, { vendor: "google", data }) };
}

function toolCall(call: LooseObject, index: number): Part {
  const id = call.text("id") || `call_${index}`;
  const custom = call.object("custom");
  if (custom.exists) {
    const value = { name: custom.text("name"), arguments: custom.text("input"), freeForm: true };
    return toolCallPart({ id, ...value, ...callState(call) });
  }
  const called = call.object("function");
  const args = called.raw("arguments") ?? {};
  return toolCallPart({
    id,
    name: called.text("name"),
    // Some servers send the object itself.
    arguments: typeof args === "string" ? args : JSON.stringify(args),
    ...callState(call),
  });
}

function partsOf(message: LooseObject): Part[] {
  const thoughts = message.text("reasoning_content") || message.text("reasoning");
  const content = message.text("content");
  const refusal = message.text("refusal");
  return [
    ...(thoughts === "" ? [] : [thinkingPart(thoughts)]),
    ...(content === "" ? [] : [textPart(content)]),
    ...(refusal === "" ? [] : [partOf({ case: "refusal", value: { text: refusal } })]),
    ...message.objects("tool_calls").map(toolCall),
  ];
}

function choiceOf(choice: LooseObject): { parts: Part[]; stop: Stop } {
  const parts = partsOf(choice.object("message"));
  const hasCalls = parts.some(({ content }) => content.case === "toolCall");
  return { parts, stop: readStop(choice.text("finish_reason"), hasCalls) };
}

/** The canonical response. Throws BACKEND_MALFORMED for a body without a choice. */
export function readResponse(value: unknown): ChatResponse {
  const body = new LooseObject(value);
  const [first, ...others] = body.objects("choices");
  if (first === undefined) throw malformed("the provider's response has no choices");
  const usage = readUsage(body.object("usage"));
  const { parts, stop } = choiceOf(first);
  // A literal, in full, because every call makes one.
  return {
    $typeName: "polygate.v1.ChatResponse",
    id: body.text("id"),
    modelUsed: body.text("model"),
    parts,
    stop,
    alternatives: others.map((choice) => create(AlternativeSchema, choiceOf(choice))),
    usage,
    response: "",
    cost: 0,
    toolsCalled: [],
    processingTimeMs: 0,
    toolCalls: [],
    finishReason: "",
  };
}
