/** Puts a response together from the events of its stream. Pure. */

import { create } from "@bufbuild/protobuf";
import { type ChatResponse, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent, Part } from "#gen/polygate/v1/conversation_pb.js";

/** A response so far. */
type Target = Pick<ChatResponse, "parts" | "stop">;

/** Adds a delta to the part that it belongs to. */
function extend(part: Part, { event }: ChatEvent): void {
  const { content } = part;
  switch (event.case) {
    case "textDelta":
      if (content.case === "text") content.value.text += event.value;
      break;
    case "thinkingDelta":
      if (content.case === "thinking") content.value.text += event.value;
      break;
    case "refusalDelta":
      if (content.case === "refusal") content.value.text += event.value;
      break;
    case "argumentsDelta":
      if (content.case === "toolCall") content.value.arguments += event.value;
      break;
    case "annotationsJson":
      if (content.case === "text") content.value.annotationsJson = event.value;
      break;
    case "state":
      if (content.case === "thinking" || content.case === "toolCall") {
        content.value.state = event.value;
      }
      break;
    default:
      break;
  }
}

/** Gathers the events of one stream, each `isWithinBounds`. The parts of the events are taken over and changed. */
export class Assembler {
  readonly response: ChatResponse = create(ChatResponseSchema);

  add(chatEvent: ChatEvent): void {
    const { event, choice, index } = chatEvent;
    switch (event.case) {
      case "start":
        this.response.id = event.value.id;
        this.response.modelUsed = event.value.model;
        break;
      case "usage":
        this.response.usage = event.value;
        break;
      case "stop":
        this.#target(choice).stop = event.value;
        break;
      case "partStart":
        this.#target(choice).parts[index] = event.value;
        break;
      default: {
        const part = this.#target(choice).parts[index];
        if (part !== undefined) extend(part, chatEvent);
      }
    }
  }

  #target(choice: number): Target {
    if (choice === 0) return this.response;
    const { alternatives } = this.response;
    while (alternatives.length < choice) {
      alternatives.push({ $typeName: "polygate.v1.Alternative", parts: [] });
    }
    return alternatives[choice - 1] as Target;
  }
}
