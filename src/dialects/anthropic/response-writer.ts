/** Writes a whole response as a message of Anthropic. Pure. */

import type { ResponseFacts } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { refuseMade } from "#dialects/lost-content.ts";
import { sealState } from "#dialects/opaque-state.ts";
import { argumentsObject } from "#dialects/tool-arguments.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import type { ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import type { OpaqueState, Part, Stop, ToolCallPart } from "#gen/polygate/v1/conversation_pb.js";
import type { Fields } from "./cache-marks.ts";
import { writeStop } from "./stop.ts";
import { writeUsage } from "./usage.ts";

/** A state as a signature: Anthropic's own bare, others sealed, so that they find their way home. */
export function signatureOf(state: OpaqueState | undefined): string {
  if (state === undefined) return "";
  return state.vendor === "anthropic" ? state.data : sealState(state);
}

function callBlocks(call: ToolCallPart, last: Fields | undefined): Fields[] {
  const signature = signatureOf(call.state);
  const block = {
    type: "tool_use",
    id: call.id,
    name: flatNameOf(call),
    input: argumentsObject(call),
  };
  if (signature === "") return [block];
  // Calls carry no state here: it rides in the thoughts before them, which clients send back.
  if (last?.type === "thinking" && last.signature === "") {
    last.signature = signature;
    return [block];
  }
  return [{ type: "thinking", thinking: "", signature }, block];
}

function blocksOf(parts: readonly Part[]): Fields[] {
  const blocks: Fields[] = [];
  refuseMade(parts);
  for (const { content } of parts) {
    switch (content.case) {
      case "text":
        if (content.value.text !== "") blocks.push({ type: "text", text: content.value.text });
        break;
      case "thinking": {
        const signature = signatureOf(content.value.state);
        blocks.push(
          content.value.redacted
            ? { type: "redacted_thinking", data: signature }
            : { type: "thinking", thinking: content.value.text, signature },
        );
        break;
      }
      case "toolCall":
        blocks.push(...callBlocks(content.value, blocks.at(-1)));
        break;
      case "provider":
        if (content.value.vendor === "anthropic") blocks.push(JSON.parse(content.value.json));
        break;
      default:
        break;
    }
  }
  return blocks;
}

/** The model's words when it declined. */
function refusalTextOf(parts: readonly Part[], stop: Stop | undefined): string {
  const refusal = parts.find(({ content }) => content.case === "refusal")?.content;
  return refusal?.case === "refusal" ? refusal.value.text : (stop?.detail ?? "");
}

/** The body of a response. */
export function writeResponse(response: ChatResponse, facts: ResponseFacts): Json {
  const { id, modelUsed, parts, stop, usage } = response;
  return {
    id: id === "" ? facts.responseId : id,
    type: "message",
    role: "assistant",
    model: modelUsed,
    content: blocksOf(parts),
    ...writeStop(stop, refusalTextOf(parts, stop)),
    usage: writeUsage(usage),
  };
}
