/** Reads a whole message of Anthropic. Pure. */

import { create } from "@bufbuild/protobuf";
import { partOf, toolCallPart } from "#chat/parts.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { malformed } from "#dialects/upstream-error.ts";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { OpaqueStateSchema, type Part } from "#gen/polygate/v1/conversation_pb.js";
import { readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

const vendor = "anthropic";

/** Anthropic's own state; absent for none. */
function stateOf(data: string) {
  return data === "" ? {} : { state: create(OpaqueStateSchema, { vendor, data }) };
}

/** The part of a block, also of one that a stream begins with. */
export function partOfBlock(block: LooseObject): Part {
  switch (block.text("type")) {
    case "text":
      return partOf({
        case: "text",
        value: {
          text: block.text("text"),
          annotationsJson: block.has("citations") ? JSON.stringify(block.raw("citations")) : "",
        },
      });
    case "thinking":
      return partOf({
        case: "thinking",
        value: { text: block.text("thinking"), ...stateOf(block.text("signature")) },
      });
    case "redacted_thinking":
      return partOf({
        case: "thinking",
        value: { redacted: true, ...stateOf(block.text("data")) },
      });
    case "tool_use": {
      const input = block.object("input").value;
      const isEmpty = Object.keys(input).length === 0;
      return toolCallPart({
        id: block.text("id"),
        name: block.text("name"),
        arguments: isEmpty ? "" : JSON.stringify(input),
      });
    }
    default:
      return partOf({ case: "provider", value: { vendor, json: JSON.stringify(block.value) } });
  }
}

/** The canonical response. Throws BACKEND_MALFORMED for what is no message. */
export function readResponse(value: unknown): ChatResponse {
  const message = new LooseObject(value);
  if (!Array.isArray(message.raw("content"))) {
    throw malformed("the provider's response has no content");
  }
  const parts = message.objects("content").map(partOfBlock);
  const hasCalls = parts.some(({ content }) => content.case === "toolCall");
  return create(ChatResponseSchema, {
    id: message.text("id"),
    modelUsed: message.text("model"),
    parts,
    stop: readStop(message, hasCalls),
    usage: readUsage(message.object("usage")),
  });
}
