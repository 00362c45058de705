/** Writes canonical events as a stream of Anthropic: named events, blocks one after the other. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { Frame, ResponseFacts, StreamWriter } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { refuseMade } from "#dialects/lost-content.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import type {
  ChatEvent,
  OpaqueState,
  Part,
  Stop,
  ToolCallPart,
  Usage,
} from "#gen/polygate/v1/conversation_pb.js";
import { errorBodyOf } from "./error-writer.ts";
import { signatureOf } from "./response-writer.ts";
import { writeStop } from "./stop.ts";
import { writeUsage } from "./usage.ts";

function frame(event: string, fields: Json): Frame {
  return { event, data: JSON.stringify({ type: event, ...fields }) };
}

class MessageStreamWriter implements StreamWriter {
  #id: string;
  #model: string;
  #usage: Usage | undefined;
  #stop: Stop | undefined;
  #refusal = "";
  #isStarted = false;
  /** Blocks so far; the open one is the last. */
  #blocks = 0;
  /** The kind of the open block. */
  #open: "text" | "thinking" | "tool_use" | undefined;
  /** The open block is a call with free text, which is written as the one text of an object. */
  #isFreeForm = false;

  constructor(facts: ResponseFacts) {
    this.#id = facts.responseId;
    this.#model = facts.request.modelPreference;
  }

  write({ event, choice }: ChatEvent): Frame[] {
    // Anthropic's API has one response.
    if (choice !== 0) return [];
    switch (event.case) {
      case "start":
        this.#id = event.value.id || this.#id;
        this.#model = event.value.model || this.#model;
        return [];
      case "usage":
        this.#usage = event.value;
        return [];
      case "stop":
        this.#stop = event.value;
        return this.#close();
      case "partStart":
        return this.#part(event.value);
      case "textDelta":
        return [
          ...this.#inBlock("text", { text: "" }),
          this.#delta({ type: "text_delta", text: event.value }),
        ];
      case "thinkingDelta":
        return this.#thinking(event.value);
      case "argumentsDelta":
        return [this.#arguments(event.value)];
      case "refusalDelta":
        this.#refusal += event.value;
        return [];
      case "state":
        return this.#state(event.value);
      case "partStop":
        return this.#close();
      default:
        return [];
    }
  }

  /** Text and thoughts open their block with their first words: what has none is no block. */
  #part(part: Part): Frame[] {
    const { content } = part;
    refuseMade([part]);
    switch (content.case) {
      case "toolCall":
        return this.#call(content.value);
      case "thinking":
        if (!content.value.redacted) return [];
        return [
          ...this.#begin("thinking", {
            type: "redacted_thinking",
            data: signatureOf(content.value.state),
          }),
          ...this.#close(),
        ];
      case "text":
        if (content.value.text === "") return [];
        return [
          ...this.#inBlock("text", { text: "" }),
          this.#delta({ type: "text_delta", text: content.value.text }),
        ];
      default:
        return [];
    }
  }

  #call(call: ToolCallPart): Frame[] {
    const signature = signatureOf(call.state);
    const block = { type: "tool_use", id: call.id, name: flatNameOf(call), input: {} };
    const args = call.arguments;
    const begun = [
      // Calls carry no state here: it rides in thoughts before them, which clients send back.
      ...(signature === "" ? [] : [...this.#thinking(""), ...this.#signature(signature)]),
      ...this.#begin("tool_use", block),
    ];
    this.#isFreeForm = call.freeForm;
    if (call.freeForm) begun.push(this.#json('{"input":"'));
    return args === "" ? begun : [...begun, this.#arguments(args)];
  }

  #arguments(text: string): Frame {
    return this.#json(this.#isFreeForm ? JSON.stringify(text).slice(1, -1) : text);
  }

  #json(text: string): Frame {
    return this.#delta({ type: "input_json_delta", partial_json: text });
  }

  #thinking(words: string): Frame[] {
    const opened = this.#inBlock("thinking", { thinking: "", signature: "" });
    return words === ""
      ? opened
      : [...opened, this.#delta({ type: "thinking_delta", thinking: words })];
  }

  #signature(signature: string): Frame[] {
    return [this.#delta({ type: "signature_delta", signature })];
  }

  #state(state: OpaqueState): Frame[] {
    if (this.#open === "tool_use") return [];
    return [...this.#thinking(""), ...this.#signature(signatureOf(state))];
  }

  #delta(delta: Json): Frame {
    return frame("content_block_delta", { index: this.#blocks - 1, delta });
  }

  /** Opens a block of this kind unless one is open. */
  #inBlock(kind: "text" | "thinking", fields: Json): Frame[] {
    return this.#open === kind ? [] : this.#begin(kind, { type: kind, ...fields });
  }

  #begin(kind: "text" | "thinking" | "tool_use", block: Json): Frame[] {
    const before = [...this.#start(), ...this.#close()];
    this.#open = kind;
    this.#blocks += 1;
    const index = this.#blocks - 1;
    return [...before, frame("content_block_start", { index, content_block: block })];
  }

  #close(): Frame[] {
    if (this.#open === undefined) return [];
    this.#open = undefined;
    const ending = this.#isFreeForm ? [this.#json('"}')] : [];
    this.#isFreeForm = false;
    return [...ending, frame("content_block_stop", { index: this.#blocks - 1 })];
  }

  /** `message_start`, once. */
  #start(): Frame[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    const message = {
      id: this.#id,
      type: "message",
      role: "assistant",
      model: this.#model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: writeUsage(this.#usage),
    };
    return [frame("message_start", { message })];
  }

  end(): Frame[] {
    return [
      ...this.#start(),
      ...this.#close(),
      frame("message_delta", {
        delta: writeStop(this.#stop, this.#refusal),
        usage: writeUsage(this.#usage),
      }),
      frame("message_stop", {}),
    ];
  }

  fail(error: ConnectError): Frame[] {
    return [{ event: "error", data: JSON.stringify(errorBodyOf(error).body) }];
  }
}

/** A writer of one stream. */
export function streamWriter(facts: ResponseFacts): StreamWriter {
  return new MessageStreamWriter(facts);
}
