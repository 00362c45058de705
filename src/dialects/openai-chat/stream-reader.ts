/** Reads a stream of chat completions as canonical events: parts one after the other. Pure. */

import {
  type EventContent,
  eventOf,
  events,
  partOf,
  textPart,
  thinkingPart,
  toolCallPart,
} from "#chat/parts.ts";
import { callsMax, choicesMax } from "#chat/stream-bounds.ts";
import type { Frame, StreamReader } from "#dialects/dialect.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { cutOff, malformed, parsedFrame } from "#dialects/upstream-error.ts";
import type { ChatEvent, Part } from "#gen/polygate/v1/conversation_pb.js";
import { readErrorBody } from "./error-reader.ts";
import { callState } from "./response-reader.ts";
import { readStop } from "./stop.ts";
import { readUsage } from "./usage.ts";

/** A call that other calls' pieces may interrupt. */
interface PendingCall {
  readonly index: number;
  readonly start: Part;
  /** What came while another part was open. */
  waiting: string;
}

/** One response of the stream. */
class Choice {
  readonly #index: number;
  #parts = 0;
  #open: "text" | "thinking" | "refusal" | PendingCall | undefined;
  readonly #calls: PendingCall[] = [];
  /** Calls that came while another call was open, in order. */
  readonly #waiting: PendingCall[] = [];
  hasCalls = false;
  isStopped = false;

  constructor(index: number) {
    this.#index = index;
  }

  #event(event: EventContent): ChatEvent {
    return eventOf(event, this.#parts - 1, this.#index);
  }

  #begin(part: Part, open: "text" | "thinking" | "refusal" | PendingCall, out: ChatEvent[]): void {
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

  text(words: string, out: ChatEvent[]): void {
    if (this.#open !== "text") this.#begin(textPart(""), "text", out);
    out.push(this.#event({ case: "textDelta", value: words }));
  }

  thinking(words: string, out: ChatEvent[]): void {
    if (this.#open !== "thinking") this.#begin(thinkingPart(""), "thinking", out);
    out.push(this.#event({ case: "thinkingDelta", value: words }));
  }

  refusal(words: string, out: ChatEvent[]): void {
    if (this.#open !== "refusal") {
      this.#begin(partOf({ case: "refusal", value: { text: "" } }), "refusal", out);
    }
    out.push(this.#event({ case: "refusalDelta", value: words }));
  }

  call(piece: LooseObject, out: ChatEvent[]): void {
    const custom = piece.object("custom");
    const called = custom.exists ? custom : piece.object("function");
    const args = called.text(custom.exists ? "input" : "arguments");
    const call = this.#callOf(piece, called.text("name"), custom.exists);
    const isOtherCallOpen = typeof this.#open === "object" && this.#open !== call;
    if (isOtherCallOpen || this.#waiting.includes(call)) {
      call.waiting += args;
      if (!this.#waiting.includes(call)) this.#waiting.push(call);
      return;
    }
    if (this.#open !== call) this.#beginCall(call, out);
    if (args !== "") out.push(this.#event({ case: "argumentsDelta", value: args }));
  }

  /** The call that a piece belongs to. Servers that leave the index out name the id in the first piece only. */
  #callOf(piece: LooseObject, name: string, freeForm: boolean): PendingCall {
    const id = piece.text("id");
    const next = id === "" ? (this.#calls.at(-1)?.index ?? 0) : this.#calls.length;
    const index = piece.number("index") ?? next;
    const known = this.#calls.find((call) => call.index === index);
    if (known !== undefined) return known;
    if (this.#calls.length >= callsMax) {
      throw malformed(`the provider called more than ${callsMax} tools`);
    }
    const start = toolCallPart({ id: id || `call_${index}`, name, freeForm, ...callState(piece) });
    const call: PendingCall = { index, start, waiting: "" };
    this.#calls.push(call);
    this.hasCalls = true;
    return call;
  }

  #beginCall(call: PendingCall, out: ChatEvent[]): void {
    this.#begin(call.start, call, out);
    if (call.waiting !== "") out.push(this.#event({ case: "argumentsDelta", value: call.waiting }));
    call.waiting = "";
  }

  /** Calls that waited come now, in order; then the response ends. */
  stop(word: string, out: ChatEvent[]): void {
    if (this.isStopped) return;
    for (const call of this.#waiting) this.#beginCall(call, out);
    this.#close(out);
    this.isStopped = true;
    out.push(events.stop(readStop(word, this.hasCalls), this.#index));
  }
}

/** A reader of one stream. */
export function streamReader(): StreamReader {
  const choices: Choice[] = [];
  let isStarted = false;
  let isDone = false;

  const choiceOf = (index = 0): Choice => {
    const place = index >= 0 && index < choicesMax ? Math.trunc(index) : 0;
    while (choices.length <= place) choices.push(new Choice(choices.length));
    return choices[place] as Choice;
  };

  const readChoice = (read: LooseObject, out: ChatEvent[]) => {
    const choice = choiceOf(read.number("index"));
    const delta = read.object("delta");
    const thoughts = delta.text("reasoning_content") || delta.text("reasoning");
    if (thoughts !== "") choice.thinking(thoughts, out);
    const content = delta.text("content");
    if (content !== "") choice.text(content, out);
    const refusal = delta.text("refusal");
    if (refusal !== "") choice.refusal(refusal, out);
    for (const call of delta.objects("tool_calls")) choice.call(call, out);
    const finish = read.text("finish_reason");
    if (finish !== "") choice.stop(finish, out);
  };

  return {
    read({ data }: Frame): ChatEvent[] {
      const out: ChatEvent[] = [];
      if (data === "[DONE]") {
        isDone = true;
        return out;
      }
      const chunk = new LooseObject(parsedFrame(data));
      if (chunk.has("error")) throw readErrorBody(chunk.value);
      if (!isStarted) {
        isStarted = true;
        out.push(events.start({ id: chunk.text("id"), model: chunk.text("model") }));
      }
      for (const choice of chunk.objects("choices")) readChoice(choice, out);
      const usage = readUsage(chunk.object("usage"));
      if (usage !== undefined) out.push(events.usage(usage));
      return out;
    },
    end() {
      // Servers without `[DONE]` have reported the end by a finish reason.
      const isWhole = choices.length > 0 && choices.every(({ isStopped }) => isStopped);
      if (!isWhole && !(isDone && choices.length > 0)) throw cutOff();
      const out: ChatEvent[] = [];
      for (const choice of choices) choice.stop("", out);
      return out;
    },
  };
}
