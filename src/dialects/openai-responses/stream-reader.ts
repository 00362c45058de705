/** Reads a stream of OpenAI Responses as canonical events. Pure. */

import { type EventContent, eventOf, events, partOf, textPart, thinkingPart } from "#chat/parts.ts";
import { partsMax } from "#chat/stream-bounds.ts";
import type { Frame, StreamReader } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { readErrorBody } from "#dialects/openai-chat/error-reader.ts";
import { cutOff, malformed, parsedFrame } from "#dialects/upstream-error.ts";
import type { ChatEvent, Part } from "#gen/polygate/v1/conversation_pb.js";
import { callOf, stateOf } from "./response-reader.ts";
import { readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

class ResponseStreamReader implements StreamReader {
  /** Places of parts by item, and by item and content. */
  readonly #places = new Map<string, number>();
  readonly #open = new Set<number>();
  #parts = 0;
  #isStarted = false;
  #isWhole = false;
  #hasCalls = false;

  read({ data }: Frame): ChatEvent[] {
    const frame = new LooseObject(parsedFrame(data));
    const kind = frame.text("type");
    const item = `${frame.count("output_index")}`;
    const content = `${item}.${frame.count("content_index")}`;
    switch (kind) {
      case "response.created":
      case "response.in_progress":
        return this.#start(frame.object("response"));
      case "response.output_item.added":
        return this.#addItem(item, frame.object("item"));
      case "response.content_part.added":
        return this.#addContent(content, frame.object("part"));
      case "response.output_text.delta":
        return this.#delta(content, { case: "textDelta", value: frame.text("delta") });
      case "response.refusal.delta":
        return this.#delta(content, { case: "refusalDelta", value: frame.text("delta") });
      case "response.reasoning_summary_text.delta":
      case "response.reasoning_text.delta":
        return this.#delta(item, { case: "thinkingDelta", value: frame.text("delta") });
      case "response.function_call_arguments.delta":
      case "response.custom_tool_call_input.delta":
        return this.#delta(item, { case: "argumentsDelta", value: frame.text("delta") });
      case "response.content_part.done":
        return this.#finish(content);
      case "response.output_item.done":
        return this.#finishItem(item, frame.object("item"));
      case "response.completed":
      case "response.incomplete":
        return this.#end(frame.object("response"));
      case "response.failed":
        throw readErrorBody(frame.object("response").value);
      case "error":
        throw readErrorBody(frame.has("error") ? frame.value : { error: frame.value });
      default:
        return [];
    }
  }

  #start(response: LooseObject): ChatEvent[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    return [events.start({ id: response.text("id"), model: response.text("model") })];
  }

  #begin(place: string, part: Part): ChatEvent[] {
    if (this.#parts >= partsMax) throw malformed("the provider's response has too many parts");
    const index = this.#parts;
    this.#parts += 1;
    this.#places.set(place, index);
    this.#open.add(index);
    return [eventOf({ case: "partStart", value: part }, index)];
  }

  #addItem(place: string, item: LooseObject): ChatEvent[] {
    switch (item.text("type")) {
      case "reasoning":
        return this.#begin(place, thinkingPart(""));
      case "function_call":
      case "custom_tool_call":
        this.#hasCalls = true;
        return this.#begin(place, callOf(item));
      default:
        return [];
    }
  }

  #addContent(place: string, part: LooseObject): ChatEvent[] {
    return this.#begin(
      place,
      part.text("type") === "refusal"
        ? partOf({ case: "refusal", value: { text: "" } })
        : textPart(""),
    );
  }

  #delta(place: string, event: EventContent): ChatEvent[] {
    const index = this.#places.get(place);
    const isEmpty = "value" in event && event.value === "";
    return index === undefined || isEmpty ? [] : [eventOf(event, index)];
  }

  #finish(place: string): ChatEvent[] {
    const index = this.#places.get(place);
    if (index === undefined || !this.#open.delete(index)) return [];
    return [eventOf({ case: "partStop", value: {} }, index)];
  }

  #finishItem(place: string, item: LooseObject): ChatEvent[] {
    const index = this.#places.get(place);
    const { state } = stateOf(item);
    const carried =
      index === undefined || state === undefined
        ? []
        : [eventOf({ case: "state", value: state }, index)];
    return [...carried, ...this.#finish(place)];
  }

  #end(response: LooseObject): ChatEvent[] {
    this.#isWhole = true;
    const usage = readUsage(response.object("usage"));
    const stop = events.stop(readStop(response, this.#hasCalls));
    return usage === undefined ? [stop] : [events.usage(usage), stop];
  }

  end(): ChatEvent[] {
    if (!this.#isWhole) throw cutOff();
    return [];
  }
}

/** A reader of one stream. */
export function streamReader(): StreamReader {
  return new ResponseStreamReader();
}
