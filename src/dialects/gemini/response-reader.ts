/** Reads a whole response of Gemini. Pure. */

import { create } from "@bufbuild/protobuf";
import { mediaFromBytes } from "#chat/media.ts";
import { partOf, textPart, toolCallPart } from "#chat/parts.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { OpaqueStateSchema, type Part, type Stop } from "#gen/polygate/v1/conversation_pb.js";
import { partKindOf } from "./media-kind.ts";
import { blockedStop, readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

const vendor = "google";

/** Gemini's own state; absent for none. */
export function stateOf(part: LooseObject) {
  const data = part.text("thoughtSignature");
  return data === "" ? {} : { state: create(OpaqueStateSchema, { vendor, data }) };
}

/** A call, with an id where Gemini gives none: the response's own and the call's place. */
export function callOf(part: LooseObject, responseId: string, index: number): Part {
  const call = part.object("functionCall");
  const args = call.object("args").value;
  return toolCallPart({
    id: call.text("id") || `call_${responseId}_${index}`,
    name: call.text("name"),
    arguments: JSON.stringify(args),
    ...stateOf(part),
  });
}

/** Media that the model made. */
export function inlineOf(part: LooseObject): Part {
  const inline = part.object("inlineData");
  const mediaType = inline.text("mimeType");
  const value = Buffer.from(inline.text("data"), "base64");
  return partOf({ case: partKindOf(mediaType), value: mediaFromBytes(value, mediaType) });
}

/** Adds text, or thoughts, to the part before when that is of the same kind. */
function addWords(written: Part[], part: LooseObject): void {
  const last = written.at(-1)?.content;
  const text = part.text("text");
  const carried = stateOf(part);
  if (part.raw("thought") === true) {
    if (last?.case === "thinking" && last.value.state === undefined) last.value.text += text;
    else written.push(partOf({ case: "thinking", value: { text, ...carried } }));
    return;
  }
  if (last?.case === "text") last.value.text += text;
  else if (text !== "") written.push(textPart(text));
  // A signature without a call rides in thoughts without words.
  if ("state" in carried) written.push(partOf({ case: "thinking", value: carried }));
}

function partsOf(parts: readonly LooseObject[], responseId: string): Part[] {
  const written: Part[] = [];
  let calls = 0;
  for (const part of parts) {
    if (part.has("functionCall")) {
      written.push(callOf(part, responseId, calls));
      calls += 1;
    } else if (part.has("inlineData")) {
      written.push(inlineOf(part));
    } else if (part.has("text")) {
      addWords(written, part);
    } else {
      const json = JSON.stringify(part.value);
      written.push(partOf({ case: "provider", value: { vendor, json } }));
    }
  }
  return written;
}

function candidateOf(candidate: LooseObject, responseId: string): { parts: Part[]; stop: Stop } {
  const parts = partsOf(candidate.object("content").objects("parts"), responseId);
  const hasCalls = parts.some(({ content }) => content.case === "toolCall");
  return { parts, stop: readStop(candidate.text("finishReason"), hasCalls) };
}

/** The canonical response. Throws BACKEND_MALFORMED for a body without candidates that does not say why. */
export function readResponse(value: unknown): ChatResponse {
  const body = new LooseObject(value);
  const [first, ...others] = body.objects("candidates");
  const blocked = body.object("promptFeedback").text("blockReason");
  if (first === undefined && blocked === "") {
    throw malformed("the provider's response has no candidates");
  }
  const id = body.text("responseId");
  const usage = readUsage(body.object("usageMetadata"));
  return create(ChatResponseSchema, {
    id,
    modelUsed: body.text("modelVersion"),
    ...(first === undefined ? { parts: [], stop: blockedStop(blocked) } : candidateOf(first, id)),
    alternatives: others.map((candidate) => candidateOf(candidate, id)),
    ...(usage === undefined ? {} : { usage }),
  });
}
