/** Writes canonical events as a stream of Gemini: frames without names or a last word. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { Frame, ResponseFacts, StreamWriter } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import type { ChatEvent, Part, Stop, Usage } from "#gen/polygate/v1/conversation_pb.js";
import { errorBodyOf } from "./error-writer.ts";
import { partJson, signatureOf } from "./response-writer.ts";
import { writeStop } from "./stop.ts";
import { writeUsage } from "./usage.ts";

class ContentStreamWriter implements StreamWriter {
  #id: string;
  #model: string;
  #usage: Usage | undefined;
  readonly #stops = new Map<number, Stop>();
  /** Calls come whole: their arguments are gathered, by response and part. */
  readonly #calls = new Map<string, Part>();

  constructor({ responseId, request }: ResponseFacts) {
    this.#id = responseId;
    this.#model = request.modelPreference;
  }

  #frame(index: number, parts: readonly Json[], more: Json = {}): Frame {
    return {
      data: JSON.stringify({
        candidates: [{ content: { role: "model", parts }, index, ...more }],
        ...(this.#usage === undefined ? {} : { usageMetadata: writeUsage(this.#usage) }),
        modelVersion: this.#model,
        responseId: this.#id,
      }),
    };
  }

  write({ event, choice, index }: ChatEvent): Frame[] {
    const key = `${choice} ${index}`;
    switch (event.case) {
      case "start":
        this.#id = event.value.id || this.#id;
        this.#model = event.value.model || this.#model;
        return [];
      case "usage":
        this.#usage = event.value;
        return [];
      case "stop":
        this.#stops.set(choice, event.value);
        return [];
      case "partStart":
        return this.#begin(choice, key, event.value);
      case "textDelta":
      case "refusalDelta":
        return [this.#frame(choice, [{ text: event.value }])];
      case "thinkingDelta":
        return [this.#frame(choice, [{ text: event.value, thought: true }])];
      case "state":
        return [this.#frame(choice, [{ text: "", thought: true, ...signatureOf(event.value) }])];
      case "argumentsDelta":
        this.#addArguments(key, event.value);
        return [];
      case "partStop":
        return this.#finish(choice, key);
      default:
        return [];
    }
  }

  #begin(choice: number, key: string, part: Part): Frame[] {
    if (part.content.case === "toolCall") {
      this.#calls.set(key, part);
      return [];
    }
    const isEmptyThought = part.content.case === "thinking" && part.content.value.text === "";
    const written = isEmptyThought ? undefined : partJson(part);
    return written === undefined || written.text === "" ? [] : [this.#frame(choice, [written])];
  }

  #addArguments(key: string, text: string): void {
    const content = this.#calls.get(key)?.content;
    if (content?.case === "toolCall") content.value.arguments += text;
  }

  #finish(choice: number, key: string): Frame[] {
    const call = this.#calls.get(key);
    this.#calls.delete(key);
    const written = call === undefined ? undefined : partJson(call);
    return written === undefined ? [] : [this.#frame(choice, [written])];
  }

  end(): Frame[] {
    return [...this.#stops].map(([choice, stop]) =>
      this.#frame(choice, [{ text: "" }], { finishReason: writeStop(stop) }),
    );
  }

  fail(error: ConnectError): Frame[] {
    return [{ data: JSON.stringify(errorBodyOf(error).body) }];
  }
}

/** A writer of one stream. */
export function streamWriter(facts: ResponseFacts): StreamWriter {
  return new ContentStreamWriter(facts);
}
