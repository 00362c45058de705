/** Reads a stream of Gemini as canonical events: frames are whole responses with some of the parts. Pure. */

import { type EventContent, eventOf, events, partOf, textPart } from "#chat/parts.ts";
import { choicesMax } from "#chat/stream-bounds.ts";
import type { Frame, StreamReader } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { cutOff, parsedFrame } from "#dialects/upstream-error.ts";
import type { ChatEvent, Part } from "#gen/polygate/v1/conversation_pb.js";
import { readErrorBody } from "./error-reader.ts";
import { callOf, inlineOf, stateOf } from "./response-reader.ts";
import { blockedStop, readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

/** One candidate of the stream. */
class Candidate {
  readonly #index: number;
  #parts = 0;
  #calls = 0;
  #open: "text" | "thinking" | undefined;
  isStopped = false;

  constructor(index: number) {
    this.#index = index;
  }

  #event(event: EventContent): ChatEvent {
    return eventOf(event, this.#parts - 1, this.#index);
  }

  #begin(part: Part, open: "text" | "thinking" | undefined, out: ChatEvent[]): void {
    this.#close(out);
    this.#parts += 1;
    this.#open = open;
    out.push(this.#event({ case: "partStart", value: part }));
  }

  #close(out: ChatEvent[]): void {
    if (this.#open === undefined) return;
    this.#open = undefined;
    out.push(this.#event({ case: "partStop", value: {} }));
  }

  /** A part that comes whole. */
  #whole(part: Part, out: ChatEvent[]): void {
    this.#begin(part, undefined, out);
    out.push(this.#event({ case: "partStop", value: {} }));
  }

  #thinking(text: string, part: LooseObject, out: ChatEvent[]): void {
    if (this.#open !== "thinking") {
      this.#begin(partOf({ case: "thinking", value: { text: "" } }), "thinking", out);
    }
    if (text !== "") out.push(this.#event({ case: "thinkingDelta", value: text }));
    const { state } = stateOf(part);
    if (state !== undefined) {
      out.push(this.#event({ case: "state", value: state }));
      this.#close(out);
    }
  }

  part(part: LooseObject, responseId: string, out: ChatEvent[]): void {
    const text = part.text("text");
    if (part.has("functionCall")) {
      this.#whole(callOf(part, responseId, this.#calls), out);
      this.#calls += 1;
    } else if (part.raw("thought") === true) {
      this.#thinking(text, part, out);
    } else if (part.has("inlineData")) {
      this.#whole(inlineOf(part), out);
    } else if (part.has("text")) {
      if (text !== "") {
        if (this.#open !== "text") this.#begin(textPart(""), "text", out);
        out.push(this.#event({ case: "textDelta", value: text }));
      }
      if (part.has("thoughtSignature")) this.#thinking("", part, out);
    }
  }

  stop(word: string, out: ChatEvent[]): void {
    if (this.isStopped) return;
    this.#close(out);
    this.isStopped = true;
    out.push(events.stop(readStop(word, this.#calls > 0), this.#index));
  }
}

/** A reader of one stream. */
export function streamReader(): StreamReader {
  const candidates: Candidate[] = [];
  let isStarted = false;
  let isBlocked = false;

  const readCandidate = (read: LooseObject, responseId: string, out: ChatEvent[]) => {
    const index = Math.min(read.count("index"), choicesMax - 1);
    while (candidates.length <= index) candidates.push(new Candidate(candidates.length));
    const candidate = candidates[index] as Candidate;
    for (const part of read.object("content").objects("parts"))
      candidate.part(part, responseId, out);
    const finish = read.text("finishReason");
    if (finish !== "") candidate.stop(finish, out);
  };

  return {
    read({ data }: Frame): ChatEvent[] {
      const out: ChatEvent[] = [];
      const chunk = new LooseObject(parsedFrame(data));
      if (chunk.has("error")) throw readErrorBody(chunk.value);
      const id = chunk.text("responseId");
      if (!isStarted) {
        isStarted = true;
        out.push(events.start({ id, model: chunk.text("modelVersion") }));
      }
      for (const candidate of chunk.objects("candidates")) readCandidate(candidate, id, out);
      const usage = readUsage(chunk.object("usageMetadata"));
      if (usage !== undefined) out.push(events.usage(usage));
      const blocked = chunk.object("promptFeedback").text("blockReason");
      if (blocked !== "" && !isBlocked && candidates.length === 0) {
        isBlocked = true;
        out.push(events.stop(blockedStop(blocked)));
      }
      return out;
    },
    end() {
      const isWhole = candidates.length > 0 && candidates.every(({ isStopped }) => isStopped);
      if (!isWhole && !isBlocked) throw cutOff();
      return [];
    },
  };
}
