/** Writes canonical events as a stream of chat completions: frames without names, then `[DONE]`. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import { finishReasonOf } from "#chat/short-form.ts";
import type { Frame, ResponseFacts, StreamWriter } from "#dialects/dialect.ts";
import type { Json } from "#dialects/json-object.ts";
import { isMade } from "#dialects/lost-content.ts";
import { flatNameOf, toolOfFlatName } from "#dialects/tool-names.ts";
import type { ChatEvent, Part, ToolCallPart, Usage } from "#gen/polygate/v1/conversation_pb.js";
import { errorObjectOf } from "./error-writer.ts";
import {
  extraContentOf,
  inputOf,
  madeImage,
  reasoningDetail,
  spokenData,
  spokenHead,
} from "./response-writer.ts";
import { writeUsage } from "./usage.ts";

/** A part that is being written. */
interface OpenPart {
  readonly part: Part;
  /** Place among the calls; -1 for other parts. */
  readonly callIndex: number;
  /** A free-form tool that the provider was given as a function: its arguments are unwrapped once they are whole. */
  readonly isWrapped: boolean;
  text: string;
}

/** One response of the stream: what has been written of it. */
class Choice {
  readonly #index: number;
  readonly #facts: ResponseFacts;
  readonly #open = new Map<number, OpenPart>();
  #calls = 0;
  #thoughts = 0;
  #pictures = 0;
  #hasRole = false;

  constructor(index: number, facts: ResponseFacts) {
    this.#index = index;
    this.#facts = facts;
  }

  /** The `choices` of a frame; the first one tells the role. */
  #delta(fields: Json, finish: string | null = null): Json {
    const role = this.#hasRole ? {} : { role: "assistant", content: "" };
    this.#hasRole = true;
    const delta = { ...role, ...fields };
    return { index: this.#index, delta, logprobs: null, finish_reason: finish };
  }

  write({ index, event }: ChatEvent): Json | undefined {
    const open = this.#open.get(index);
    switch (event.case) {
      case "partStart":
        return this.#begin(index, event.value);
      case "textDelta":
        return this.#delta({ content: event.value });
      case "thinkingDelta":
        if (open !== undefined) open.text += event.value;
        return this.#delta({ reasoning_content: event.value });
      case "refusalDelta":
        return this.#delta({ refusal: event.value });
      case "argumentsDelta":
        return open === undefined ? undefined : this.#arguments(open, event.value);
      case "state":
        if (open?.part.content.case === "thinking") open.part.content.value.state = event.value;
        return undefined;
      case "partStop":
        this.#open.delete(index);
        return open === undefined ? undefined : this.#finish(open);
      case "stop":
        return this.#delta({}, finishReasonOf(event.value));
      default:
        return undefined;
    }
  }

  #begin(index: number, part: Part): Json | undefined {
    const { content } = part;
    if (content.case === "toolCall") return this.#beginCall(index, part, content.value);
    if (isMade(part)) return this.#made(part);
    this.#open.set(index, { part, callIndex: -1, isWrapped: false, text: "" });
    const words = content.case === "text" ? content.value.text : "";
    return words === "" ? undefined : this.#delta({ content: words });
  }

  /** Samples as they come; a picture as a whole. */
  #made(part: Part): Json {
    const { content } = part;
    if (content.case === "audio") {
      const data = spokenData("pcm16", [content.value]);
      return this.#delta({ audio: { ...spokenHead(this.#facts), data } });
    }
    this.#pictures += 1;
    return this.#delta({ images: [madeImage(part, this.#pictures - 1)] });
  }

  #beginCall(index: number, part: Part, call: ToolCallPart): Json {
    const name = flatNameOf(call);
    const isWrapped = !call.freeForm && toolOfFlatName(name, this.#facts.request.tools).freeForm;
    const callIndex = this.#calls;
    this.#calls += 1;
    const text = isWrapped ? call.arguments : "";
    this.#open.set(index, { part, callIndex, isWrapped, text });
    const args = isWrapped ? "" : call.arguments;
    const written =
      call.freeForm || isWrapped
        ? { type: "custom", custom: { name, input: args } }
        : { type: "function", function: { name, arguments: args } };
    return this.#delta({
      tool_calls: [{ index: callIndex, id: call.id, ...written, ...extraContentOf(call) }],
    });
  }

  #arguments(open: OpenPart, text: string): Json | undefined {
    const { content } = open.part;
    if (content.case !== "toolCall") return undefined;
    if (open.isWrapped) {
      open.text += text;
      return undefined;
    }
    const piece = content.value.freeForm
      ? { custom: { input: text } }
      : { function: { arguments: text } };
    return this.#delta({ tool_calls: [{ index: open.callIndex, ...piece }] });
  }

  #finish({ part, callIndex, isWrapped, text }: OpenPart): Json | undefined {
    const { content } = part;
    if (isWrapped) {
      return this.#delta({ tool_calls: [{ index: callIndex, custom: { input: inputOf(text) } }] });
    }
    if (content.case !== "thinking") return undefined;
    const detail = reasoningDetail({ ...content.value, text }, this.#thoughts);
    if (detail === undefined) return undefined;
    this.#thoughts += 1;
    return this.#delta({ reasoning_details: [detail] });
  }
}

/** A stream of one or more responses. */
class ChatStreamWriter implements StreamWriter {
  readonly #facts: ResponseFacts;
  readonly #choices = new Map<number, Choice>();
  #id: string;
  #model: string;
  #usage: Usage | undefined;

  constructor(facts: ResponseFacts) {
    this.#facts = facts;
    this.#id = facts.responseId;
    this.#model = facts.request.modelPreference;
  }

  #frame(choices: readonly Json[], usage: Json | null = null): Frame {
    const { createdSeconds, includeUsage } = this.#facts;
    return {
      data: JSON.stringify({
        id: this.#id,
        object: "chat.completion.chunk",
        created: createdSeconds,
        model: this.#model,
        choices,
        ...(includeUsage ? { usage } : {}),
      }),
    };
  }

  write(event: ChatEvent): Frame[] {
    switch (event.event.case) {
      case "start":
        this.#id = event.event.value.id || this.#id;
        this.#model = event.event.value.model || this.#model;
        return [];
      case "usage":
        this.#usage = event.event.value;
        return [];
      default: {
        const written = this.#choiceOf(event.choice).write(event);
        return written === undefined ? [] : [this.#frame([written])];
      }
    }
  }

  #choiceOf(index: number): Choice {
    const known = this.#choices.get(index);
    if (known !== undefined) return known;
    const choice = new Choice(index, this.#facts);
    this.#choices.set(index, choice);
    return choice;
  }

  end(): Frame[] {
    const hasUsage = this.#facts.includeUsage && this.#usage !== undefined;
    const usage =
      hasUsage && this.#usage !== undefined ? [this.#frame([], writeUsage(this.#usage))] : [];
    return [...usage, { data: "[DONE]" }];
  }

  fail(error: ConnectError): Frame[] {
    return [{ data: JSON.stringify({ error: errorObjectOf(error).error }) }];
  }
}

/** A writer of one stream. */
export function streamWriter(facts: ResponseFacts): StreamWriter {
  return new ChatStreamWriter(facts);
}
