/** The pieces of StreamChat: events of a response in their short form, and as they are for who asks. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { textOf } from "#chat/parts.ts";
import { finishReasonOf } from "#chat/short-form.ts";
import type { StreamChatResponseSchema, ToolCallSchema } from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent, Part, Stop, Usage } from "#gen/polygate/v1/conversation_pb.js";

type Piece = MessageInitShape<typeof StreamChatResponseSchema>;
type Call = MessageInitShape<typeof ToolCallSchema> & { argumentsJson: string };

/** What an event says in the short form: calls that are whole, then text. */
interface Short {
  toolCalls?: Call[];
  delta?: string;
}

/** What two events say that follow each other in one piece: the first of them, added to. */
function joined(before: Short | undefined, after: Short | undefined): Short | undefined {
  if (before === undefined || after === undefined) return before ?? after;
  const { toolCalls = [], delta } = after;
  if (toolCalls.length > 0) before.toolCalls = [...(before.toolCalls ?? []), ...toolCalls];
  if (delta !== undefined) before.delta = (before.delta ?? "") + delta;
  return before;
}

/** What the last piece says besides the response itself. */
export interface LastPieceFacts {
  /** US dollars. */
  readonly cost: number;
  readonly elapsedMs: number;
}

/** Writes the pieces of one response. */
export class PieceWriter {
  readonly #withParts: boolean;
  readonly #toolsCalled: string[] = [];
  /** A call whose arguments, or whose result, may still come. */
  #call: Call | undefined;
  #isCallWhole = false;
  #stop: Stop | undefined;
  /** Why each response of the stream ended. */
  readonly stops: Stop[] = [];
  /** Events since the piece before. */
  #events: ChatEvent[] = [];
  model = "";
  usage: Usage | undefined;
  /** Characters of text, thoughts and arguments so far, of all responses of the stream. */
  characters = 0;

  constructor(withParts: boolean) {
    this.#withParts = withParts;
  }

  /** The backend has said why its response ended. */
  get isWhole(): boolean {
    return this.#stop !== undefined;
  }

  /** Why it ended, in the short form; empty until the backend has said so. */
  get finishReason(): string {
    return this.#stop === undefined ? "" : finishReasonOf(this.#stop);
  }

  /** The pieces of events that came together: mostly one, none when they say nothing by themselves. */
  write(events: readonly ChatEvent[]): Piece[] {
    const pieces: Piece[] = [];
    let said: Short | undefined;
    for (const event of events) {
      const short = this.#shortOf(event);
      // A piece's calls come before its text.
      if (short?.toolCalls !== undefined && said?.delta !== undefined) {
        pieces.push(this.#piece(said));
        said = undefined;
      }
      said = joined(said, short);
      if (this.#withParts) this.#events.push(event);
    }
    if (said !== undefined || this.#events.length > 0) pieces.push(this.#piece(said ?? {}));
    return pieces;
  }

  /** What an event says in the short form, which has one response. */
  #shortOf(chatEvent: ChatEvent): Short | undefined {
    const { event } = chatEvent;
    if (event.case === "stop") this.stops.push(event.value);
    else if (typeof event.value === "string") this.characters += event.value.length;
    return chatEvent.choice === 0 ? this.#short(chatEvent) : undefined;
  }

  #piece(short: Piece): Piece {
    const piece = this.#events.length === 0 ? short : { ...short, events: this.#events };
    this.#events = [];
    return piece;
  }

  #short({ event }: ChatEvent): Short | undefined {
    switch (event.case) {
      case "start":
        this.model = event.value.model;
        return undefined;
      case "textDelta":
      case "refusalDelta":
        return { ...this.#takeCall(), delta: event.value };
      case "argumentsDelta":
        if (this.#call !== undefined) this.#call.argumentsJson += event.value;
        return undefined;
      case "partStart":
        return this.#begin(event.value);
      case "partStop":
        this.#isCallWhole = this.#call !== undefined;
        return undefined;
      case "usage":
        this.usage = event.value;
        return undefined;
      case "stop":
        this.#stop = event.value;
        return this.#takeCall();
      default:
        return undefined;
    }
  }

  #begin({ content }: Part): Short | undefined {
    if (content.case === "toolResult" && this.#call?.id === content.value.callId) {
      this.#call.result = content.value.parts.map(textOf).join("\n");
      return undefined;
    }
    const before = this.#isCallWhole ? this.#takeCall() : undefined;
    if (content.case === "toolCall") {
      const { id, name, arguments: argumentsJson } = content.value;
      this.#call = { id, name, argumentsJson };
      this.#isCallWhole = false;
      this.#toolsCalled.push(name);
      return before;
    }
    const words = content.case === "text" ? content.value.text : "";
    return words === "" ? before : { ...before, delta: words };
  }

  /** The call that waited for its result. */
  #takeCall(): Short | undefined {
    const call = this.#call;
    this.#call = undefined;
    this.#isCallWhole = false;
    return call === undefined ? undefined : { toolCalls: [call] };
  }

  /** The last piece, with the totals of the whole response. */
  last({ cost, elapsedMs }: LastPieceFacts): Piece {
    const { usage } = this;
    return this.#piece({
      done: true,
      finishReason: finishReasonOf(this.#stop),
      modelUsed: this.model,
      ...(usage === undefined ? {} : { usage }),
      cost,
      toolsCalled: [...this.#toolsCalled],
      processingTimeMs: Math.round(elapsedMs),
      ...(this.#stop === undefined || !this.#withParts ? {} : { stop: this.#stop }),
    });
  }
}
