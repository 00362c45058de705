/** Reads a whole response of OpenAI Responses. Pure. */

import { create } from "@bufbuild/protobuf";
import { partOf, toolCallPart } from "#chat/parts.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { readErrorBody } from "#dialects/openai-chat/error-reader.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { OpaqueStateSchema, type Part } from "#gen/polygate/v1/conversation_pb.js";
import { readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

const vendor = "openai";

/** What a reasoning item carries for OpenAI; absent for none. */
export function stateOf(item: LooseObject) {
  const data = item.text("encrypted_content");
  return data === "" ? {} : { state: create(OpaqueStateSchema, { vendor, data }) };
}

/** A call; `call_id` links it, the item's own id does not. */
export function callOf(item: LooseObject): Part {
  const freeForm = item.text("type") === "custom_tool_call";
  return toolCallPart({
    id: item.text("call_id") || item.text("id"),
    name: item.text("name"),
    namespace: item.text("namespace"),
    arguments: item.text(freeForm ? "input" : "arguments"),
    freeForm,
  });
}

function wordsOf(part: LooseObject): Part {
  if (part.text("type") === "refusal") {
    return partOf({ case: "refusal", value: { text: part.text("refusal") } });
  }
  const annotations = part.objects("annotations");
  const annotationsJson =
    annotations.length === 0 ? "" : JSON.stringify(annotations.map(({ value }) => value));
  return partOf({ case: "text", value: { text: part.text("text"), annotationsJson } });
}

function partsOf(item: LooseObject): Part[] {
  switch (item.text("type")) {
    case "message":
      return item.objects("content").map(wordsOf);
    case "reasoning": {
      const words = [...item.objects("summary"), ...item.objects("content")];
      const text = words.map((part) => part.text("text")).join("\n");
      return [partOf({ case: "thinking", value: { text, ...stateOf(item) } })];
    }
    case "function_call":
    case "custom_tool_call":
      return [callOf(item)];
    default: {
      const json = JSON.stringify(item.value);
      return [partOf({ case: "provider", value: { vendor, json } })];
    }
  }
}

/** The canonical response. Throws what the response reports as its error, and BACKEND_MALFORMED for what is none. */
export function readResponse(value: unknown): ChatResponse {
  const body = new LooseObject(value);
  if (body.object("error").exists) throw readErrorBody(value);
  if (!Array.isArray(body.raw("output"))) throw malformed("the provider's response has no output");
  const parts = body.objects("output").flatMap(partsOf);
  const hasCalls = parts.some(({ content }) => content.case === "toolCall");
  const usage = readUsage(body.object("usage"));
  return create(ChatResponseSchema, {
    id: body.text("id"),
    modelUsed: body.text("model"),
    parts,
    stop: readStop(body, hasCalls),
    ...(usage === undefined ? {} : { usage }),
  });
}
