/** Writes a whole response as Gemini's generateContent. Pure. */

import { base64Of } from "#chat/media.ts";
import type { ResponseFacts } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { argumentsObject } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { OpaqueState, Part } from "#gen/polygate/v1/conversation_pb.js";
import { writeSignature } from "./signature.ts";
import { writeStop } from "./stop.ts";
import { writeUsage } from "./usage.ts";

/** A state as a signature, where there is one. */
export function signatureOf(state: OpaqueState | undefined): Json {
  if (state === undefined || state.data === "") return {};
  return { thoughtSignature: writeSignature(state) };
}

/** A part as Gemini writes it; undefined for what it has no place for. */
export function partJson({ content }: Part): Json | undefined {
  switch (content.case) {
    case "text":
      return content.value.text === "" ? undefined : { text: content.value.text };
    case "refusal":
      return { text: content.value.text };
    case "thinking":
      return { text: content.value.text, thought: true, ...signatureOf(content.value.state) };
    case "toolCall": {
      const call = content.value;
      const functionCall = { id: call.id, name: flatNameOf(call), args: argumentsObject(call) };
      return { functionCall, ...signatureOf(call.state) };
    }
    case "image":
    case "audio":
    case "video":
    case "file": {
      const { source, mediaType } = content.value;
      return source.case === "data"
        ? { inlineData: { mimeType: mediaType, data: base64Of(source.value) } }
        : undefined;
    }
    default:
      return undefined;
  }
}

/** The body of a response. */
export function writeResponse(response: ChatResponse, facts: ResponseFacts): Json {
  const all = [response, ...response.alternatives];
  return {
    candidates: all.map(({ parts, stop }, index) => ({
      content: { role: "model", parts: parts.flatMap((part) => partJson(part) ?? []) },
      finishReason: writeStop(stop),
      index,
    })),
    ...(response.usage === undefined ? {} : { usageMetadata: writeUsage(response.usage) }),
    modelVersion: response.modelUsed,
    responseId: response.id === "" ? facts.responseId : response.id,
  };
}
