/** Makes the parts and events of conversations. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  type ChatEvent,
  ChatEventSchema,
  type OpaqueState,
  type Part,
  PartSchema,
  type ResponseStartSchema,
  type Stop,
  type Stop_Kind,
  type TextPart,
  type ToolCallPartSchema,
  type Usage,
} from "#gen/polygate/v1/conversation_pb.js";
import { creatorOf } from "#protobuf/creator.ts";

const createPart = creatorOf(PartSchema);
const createEvent = creatorOf(ChatEventSchema);

/** What a part consists of: its kind and the value of that kind. */
export type PartContent = Exclude<
  MessageInitShape<typeof PartSchema>["content"],
  undefined | { case: undefined }
>;

/** A part of the kind and value that `content` names. */
export function partOf(content: PartContent, cache?: Part["cache"]): Part {
  return createPart(cache === undefined ? { content } : { content, cache });
}

/** Words. A literal, in full, because every call makes some. */
export function textPart(text: string): Part {
  const value: TextPart = { $typeName: "polygate.v1.TextPart", text, annotationsJson: "" };
  return { $typeName: "polygate.v1.Part", content: { case: "text", value } };
}

/** A call of a tool. */
export function toolCallPart(call: MessageInitShape<typeof ToolCallPartSchema>): Part {
  return partOf({ case: "toolCall", value: call });
}

/** What the model thought, with what its provider wants back. */
export function thinkingPart(text: string, state?: OpaqueState): Part {
  return partOf({
    case: "thinking",
    value: state === undefined ? { text } : { text, state },
  });
}

/** Words of a part, empty for parts of another kind. */
export function textOf(part: Part): string {
  return part.content.case === "text" ? part.content.value.text : "";
}

/** Why a response ended, by the canonical kind and the provider's own word. */
export function stopOf(
  kind: Stop_Kind,
  raw: string,
  more: { sequence?: string; detail?: string } = {},
): Stop {
  return { $typeName: "polygate.v1.Stop", kind, raw, sequence: "", detail: "", ...more };
}

/** What happened in a stream: its kind and value. */
export type EventContent = Exclude<
  MessageInitShape<typeof ChatEventSchema>["event"],
  undefined | { case: undefined }
>;

/** An event of part `index` of response `choice`. */
export function eventOf(event: EventContent, index = 0, choice = 0): ChatEvent {
  return createEvent({ event, index, choice });
}

/** The events that the readers of all dialects make alike. */
export const events = {
  start: (start: MessageInitShape<typeof ResponseStartSchema>) =>
    eventOf({ case: "start", value: start }),
  usage: (usage: Usage) => eventOf({ case: "usage", value: usage }),
  stop: (stop: Stop, choice = 0) => eventOf({ case: "stop", value: stop }, 0, choice),
};
