/** Reads a stream of Anthropic as canonical events. Pure. */

import { create } from "@bufbuild/protobuf";
import { type EventContent, eventOf, events } from "#chat/parts.ts";
import { partsMax } from "#chat/stream-bounds.ts";
import type { Frame, StreamReader } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { cutOff, malformed, parsedFrame } from "#dialects/upstream-error.ts";
import { type ChatEvent, OpaqueStateSchema } from "#gen/polygate/v1/conversation_pb.js";
import { readErrorBody } from "./error-reader.ts";
import { partOfBlock } from "./response-reader.ts";
import { readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

/** What a delta adds to its block. */
function deltaOf(delta: LooseObject): EventContent | undefined {
  switch (delta.text("type")) {
    case "text_delta":
      return { case: "textDelta", value: delta.text("text") };
    case "input_json_delta":
      return { case: "argumentsDelta", value: delta.text("partial_json") };
    case "thinking_delta":
      return { case: "thinkingDelta", value: delta.text("thinking") };
    case "signature_delta": {
      const data = delta.text("signature");
      return { case: "state", value: create(OpaqueStateSchema, { vendor: "anthropic", data }) };
    }
    case "citations_delta":
      return { case: "annotationsJson", value: JSON.stringify([delta.raw("citation")]) };
    default:
      return undefined;
  }
}

/** A delta without content says nothing. */
const isEmpty = (event: EventContent) => "value" in event && event.value === "";

/** A reader of one stream. */
export function streamReader(): StreamReader {
  let firstUsage = new LooseObject(undefined);
  let hasCalls = false;
  let isWhole = false;

  /** What a message begins with: a call out of a program that Anthropic runs is whole, and its end, too. */
  const readBegun = (message: LooseObject): ChatEvent[] => {
    const blocks = message.objects("content").flatMap((block, index) => {
      const part = partOfBlock(block);
      if (part.content.case === "toolCall") hasCalls = true;
      return [
        eventOf({ case: "partStart", value: part }, index),
        eventOf({ case: "partStop", value: {} }, index),
      ];
    });
    const isOver = message.text("stop_reason") !== "";
    return isOver ? [...blocks, events.stop(readStop(message, hasCalls))] : blocks;
  };

  const readEvent = (frame: LooseObject): ChatEvent[] => {
    const index = frame.count("index");
    if (index >= partsMax) throw malformed("the provider's response has too many parts");
    switch (frame.text("type")) {
      case "message_start": {
        const message = frame.object("message");
        firstUsage = message.object("usage");
        const start = { id: message.text("id"), model: message.text("model") };
        return [events.start(start), events.usage(readUsage(firstUsage)), ...readBegun(message)];
      }
      case "content_block_start": {
        const part = partOfBlock(frame.object("content_block"));
        if (part.content.case === "toolCall") hasCalls = true;
        return [eventOf({ case: "partStart", value: part }, index)];
      }
      case "content_block_delta": {
        const event = deltaOf(frame.object("delta"));
        return event === undefined || isEmpty(event) ? [] : [eventOf(event, index)];
      }
      case "content_block_stop":
        return [eventOf({ case: "partStop", value: {} }, index)];
      case "message_delta":
        return [
          events.usage(readUsage(frame.object("usage"), firstUsage)),
          events.stop(readStop(frame.object("delta"), hasCalls)),
        ];
      case "message_stop":
        isWhole = true;
        return [];
      case "error":
        throw readErrorBody(frame.value);
      default:
        // Pings, and what later versions add.
        return [];
    }
  };

  return {
    read: ({ data }: Frame) => readEvent(new LooseObject(parsedFrame(data))),
    end() {
      if (!isWhole) throw cutOff();
      return [];
    },
  };
}
