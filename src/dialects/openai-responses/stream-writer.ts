/** Writes canonical events as a stream of OpenAI Responses: named events with rising numbers. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import type { Frame, ResponseFacts, StreamWriter } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { refuseMade } from "#dialects/lost-content.ts";
import { errorObjectOf } from "#dialects/openai-chat/error-writer.ts";
import { inputOf } from "#dialects/openai-chat/response-writer.ts";
import type {
  ChatEvent,
  OpaqueState,
  Part,
  Stop,
  Usage,
} from "#gen/polygate/v1/conversation_pb.js";
import {
  type ClientCall,
  callItem,
  clientCallOf,
  type ItemStatus,
  messageItem,
  reasoningItem,
  textContent,
} from "./items.ts";
import { responseObject, toldRequest } from "./response-writer.ts";
import { writeStop } from "./stop.ts";

/** An item that is being written: one for each part. */
interface OpenItem {
  readonly id: string;
  readonly kind: "text" | "refusal" | "thinking" | "call";
  readonly call?: ClientCall;
  text: string;
  state?: OpaqueState;
  /** Its content was announced. */
  hasContent: boolean;
}

/** The greatest number of an event among frames; -1 for none. */
function lastNumberIn(frames: Buffer | undefined): number {
  const events = frames?.toString().match(/^data:.*$/gm) ?? [];
  return Math.max(-1, ...events.map((line) => numberOf(line.slice("data:".length))));
}

function numberOf(data: string): number {
  try {
    return new LooseObject(JSON.parse(data)).count("sequence_number");
  } catch {
    return -1;
  }
}

class ResponseStreamWriter implements StreamWriter {
  readonly #facts: ResponseFacts;
  /** What of the request each lifecycle event tells back. */
  #request: Json | undefined;
  #id: string;
  #model: string;
  #usage: Usage | undefined;
  #stop: Stop | undefined;
  #sequence = 0;
  #isStarted = false;
  readonly #output: Json[] = [];
  #open: OpenItem | undefined;
  /** The last words of a provider that have a number. */
  #followed: Buffer | undefined;

  constructor(facts: ResponseFacts) {
    this.#facts = facts;
    this.#id = facts.responseId;
    this.#model = facts.request.modelPreference;
  }

  write({ event, choice }: ChatEvent): Frame[] {
    // The API has one response.
    if (choice !== 0) return [];
    switch (event.case) {
      case "start":
        this.#id = event.value.id || this.#id;
        this.#model = event.value.model || this.#model;
        return this.#start();
      case "usage":
        this.#usage = event.value;
        return [];
      case "stop":
        this.#stop = event.value;
        return [];
      case "partStart":
        return this.#begin(event.value);
      case "textDelta":
      case "refusalDelta":
      case "thinkingDelta":
      case "argumentsDelta":
        return this.#delta(event.value);
      case "state":
        if (this.#open !== undefined) this.#open.state = event.value;
        return [];
      case "partStop":
        return this.#finish("completed");
      default:
        return [];
    }
  }

  follow(words: Uint8Array): void {
    this.#isStarted = true;
    const bytes = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
    if (bytes.includes('"sequence_number"')) this.#followed = bytes;
  }

  #frame(event: string, fields: Json): Frame {
    const sequence = this.#sequence;
    this.#sequence += 1;
    const data = JSON.stringify({ type: event, sequence_number: sequence, ...fields });
    return { event, data };
  }

  #response(fields: Json): Json {
    const told = { id: this.#id, model: this.#model, usage: this.#usage };
    this.#request ??= toldRequest(this.#facts);
    return { response: responseObject(this.#facts, this.#request, told, fields) };
  }

  #start(): Frame[] {
    if (this.#isStarted) return [];
    this.#isStarted = true;
    const fields = { status: "in_progress", output: [] };
    return [
      this.#frame("response.created", this.#response(fields)),
      this.#frame("response.in_progress", this.#response(fields)),
    ];
  }

  /** Where the open item stands. */
  #at(): Json {
    return { item_id: this.#open?.id ?? "", output_index: this.#output.length };
  }

  #begin(part: Part): Frame[] {
    const { content } = part;
    refuseMade([part]);
    const before = [...this.#start(), ...this.#finish("completed")];
    switch (content.case) {
      case "text":
        return [...before, ...this.#beginItem("text", "msg"), ...this.#delta(content.value.text)];
      case "refusal":
        return [
          ...before,
          ...this.#beginItem("refusal", "msg"),
          ...this.#delta(content.value.text),
        ];
      case "thinking": {
        const begun = this.#beginItem("thinking", "rs", undefined, content.value.state);
        return [...before, ...begun, ...this.#delta(content.value.text)];
      }
      case "toolCall": {
        const call = content.value;
        // Calls carry no state here: it rides in thoughts before them.
        const carried =
          call.state === undefined
            ? []
            : [
                ...this.#beginItem("thinking", "rs", undefined, call.state),
                ...this.#finish("completed"),
              ];
        const begun = this.#beginItem("call", "fc", clientCallOf(call, this.#facts.request));
        return [...before, ...carried, ...begun, ...this.#delta(call.arguments)];
      }
      default:
        return before;
    }
  }

  #beginItem(
    kind: OpenItem["kind"],
    prefix: string,
    call?: ClientCall,
    state?: OpaqueState,
  ): Frame[] {
    const id = `${prefix}_${this.#facts.responseId}_${this.#output.length}`;
    const open: OpenItem = { id, kind, text: "", hasContent: false };
    const carried = state === undefined ? {} : { state };
    this.#open = call === undefined ? { ...open, ...carried } : { ...open, call };
    const fields = { output_index: this.#output.length, item: this.#begun(this.#open) };
    return [this.#frame("response.output_item.added", fields)];
  }

  /** The open item when it begins. */
  #begun({ id, kind, call }: OpenItem): Json {
    if (kind === "thinking") return reasoningItem(id, "", undefined);
    return call === undefined
      ? messageItem(id, "in_progress", [])
      : callItem(id, "in_progress", call, "");
  }

  /** The open item when it ends. */
  #ended({ id, kind, call, text, state, hasContent }: OpenItem, status: ItemStatus): Json {
    if (kind === "thinking") return reasoningItem(id, text, state);
    if (call === undefined) return messageItem(id, status, hasContent ? [this.#content()] : []);
    return callItem(id, status, call, text === "" && !call.isCustom ? "{}" : text);
  }

  /** The content of the open message. */
  #content(): Json {
    const open = this.#open;
    return open?.kind === "refusal"
      ? { type: "refusal", refusal: open.text }
      : textContent(open?.text ?? "");
  }

  #delta(text: string): Frame[] {
    const open = this.#open;
    if (open === undefined || text === "") return [];
    const announced = open.hasContent ? [] : this.#announce(open);
    open.text += text;
    const at = this.#at();
    switch (open.kind) {
      case "text":
        return [
          ...announced,
          this.#frame("response.output_text.delta", {
            ...at,
            content_index: 0,
            delta: text,
            logprobs: [],
          }),
        ];
      case "refusal":
        return [
          ...announced,
          this.#frame("response.refusal.delta", { ...at, content_index: 0, delta: text }),
        ];
      case "thinking":
        return [
          ...announced,
          this.#frame("response.reasoning_summary_text.delta", {
            ...at,
            summary_index: 0,
            delta: text,
          }),
        ];
      case "call":
        // The text of a wrapped tool is known once its arguments are whole.
        if (open.call?.isWrapped) return announced;
        return [
          ...announced,
          this.#frame(
            open.call?.isCustom
              ? "response.custom_tool_call_input.delta"
              : "response.function_call_arguments.delta",
            { ...at, delta: text },
          ),
        ];
    }
  }

  /** Announces the content of the open item before its first words. */
  #announce(open: OpenItem): Frame[] {
    const at = this.#at();
    const frames: Frame[] = [];
    if (open.kind === "thinking") {
      const part = { type: "summary_text", text: "" };
      frames.push(
        this.#frame("response.reasoning_summary_part.added", { ...at, summary_index: 0, part }),
      );
    } else if (open.kind !== "call") {
      frames.push(
        this.#frame("response.content_part.added", {
          ...at,
          content_index: 0,
          part: this.#content(),
        }),
      );
    }
    open.hasContent = true;
    return frames;
  }

  #finish(status: ItemStatus): Frame[] {
    const open = this.#open;
    if (open === undefined) return [];
    const ended = this.#endContent(open);
    const item = this.#ended(open, status);
    const done = this.#frame("response.output_item.done", {
      output_index: this.#output.length,
      item,
    });
    this.#output.push(item);
    this.#open = undefined;
    return [...ended, done];
  }

  #endContent(open: OpenItem): Frame[] {
    const at = this.#at();
    const { text } = open;
    if (open.kind === "call") return this.#endArguments(open, at);
    if (!open.hasContent) return [];
    if (open.kind === "thinking") {
      const part = { type: "summary_text", text };
      return [
        this.#frame("response.reasoning_summary_text.done", { ...at, summary_index: 0, text }),
        this.#frame("response.reasoning_summary_part.done", { ...at, summary_index: 0, part }),
      ];
    }
    const said = open.kind === "refusal" ? { refusal: text } : { text, logprobs: [] };
    const name = open.kind === "refusal" ? "response.refusal.done" : "response.output_text.done";
    return [
      this.#frame(name, { ...at, content_index: 0, ...said }),
      this.#frame("response.content_part.done", { ...at, content_index: 0, part: this.#content() }),
    ];
  }

  #endArguments({ call, text }: OpenItem, at: Json): Frame[] {
    if (call?.isCustom !== true) {
      const args = text === "" ? "{}" : text;
      return [this.#frame("response.function_call_arguments.done", { ...at, arguments: args })];
    }
    const input = call.isWrapped ? inputOf(text) : text;
    const delta = call.isWrapped
      ? [this.#frame("response.custom_tool_call_input.delta", { ...at, delta: input })]
      : [];
    return [...delta, this.#frame("response.custom_tool_call_input.done", { ...at, input })];
  }

  end(): Frame[] {
    const stop = writeStop(this.#stop);
    const before = [...this.#start(), ...this.#finish(stop.status)];
    const last = this.#response({ ...stop, output: this.#output });
    return [...before, this.#frame(`response.${stop.status}`, last)];
  }

  fail(error: ConnectError): Frame[] {
    const { message, code } = errorObjectOf(error).error;
    this.#sequence = Math.max(this.#sequence, lastNumberIn(this.#followed) + 1);
    const before = this.#start();
    const failed = {
      status: "failed",
      output: this.#output,
      error: { code: code ?? "server_error", message },
    };
    return [...before, this.#frame("response.failed", this.#response(failed))];
  }
}

/** A writer of one stream. */
export function streamWriter(facts: ResponseFacts): StreamWriter {
  return new ResponseStreamWriter(facts);
}
