/** Reads a provider's stream for a client of the same dialect: events for policy, and the bytes beside them. Pure. */

import { create } from "@bufbuild/protobuf";
import { commits, heldMax } from "#chat/commit.ts";
import type { Frame, StreamReader } from "#dialects/dialect.ts";
import { frameReader } from "#dialects/frame-reader.ts";
import { LooseObject } from "#dialects/loose-object.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Reason } from "#errors/reason.ts";
import { type ChatEvent, ChatEventSchema } from "#gen/polygate/v1/conversation_pb.js";
import { EventCutter } from "./event-cutter.ts";
import type { Relay } from "./relay.ts";

/** Bytes that are held until the response has content; more are passed on. */
const heldBytesMax = 4 * 1024 * 1024;

/** Named events that are no content, though the reader makes nothing of them. */
const quietEvents: ReadonlySet<string> = new Set([
  "ping",
  "keepalive",
  "response.created",
  "response.queued",
  "response.in_progress",
]);

/** Failures whose words are not the client's business, or are none. */
const ownWords: ReadonlySet<Reason | undefined> = new Set([
  "BACKEND_MALFORMED",
  "BACKEND_CREDENTIAL",
  "BACKEND_QUOTA",
]);

/** A frame that tells the usage and nothing else, which the gateway asked for and the client did not. */
function isUsageAlone({ data }: Frame): boolean {
  if (data === "[DONE]") return false;
  const choices = new LooseObject(JSON.parse(data)).raw("choices");
  return Array.isArray(choices) && choices.length === 0;
}

/** Reads one stream. */
export class RelayReader {
  readonly #relay: Relay;
  readonly #reader: StreamReader;
  readonly #cutter = new EventCutter();
  readonly #frames = frameReader("sse");
  /** What came before the first content: until then another provider may answer instead. */
  #held: { bytes: Buffer[]; count: number; events: ChatEvent[]; frames: number } | undefined = {
    bytes: [],
    count: 0,
    events: [],
    frames: 0,
  };

  constructor(relay: Relay, reader: StreamReader) {
    this.#relay = relay;
    this.#reader = reader;
  }

  /** The events of a piece of the stream, none of them before the first content. Throws as the dialect's reader does. */
  *push(chunk: Uint8Array): Generator<ChatEvent> {
    for (const bytes of this.#cutter.push(chunk)) yield* this.#read(bytes);
  }

  /** The connection has ended. Throws BACKEND_FAILED unless the response was whole. */
  *end(): Generator<ChatEvent> {
    const events = this.#reader.end();
    yield* this.#pass(this.#cutter.rest(), events, true);
  }

  *#read(bytes: Buffer): Generator<ChatEvent> {
    const frames = this.#frames.push(bytes);
    let events: ChatEvent[];
    try {
      events = frames.flatMap((frame) => this.#reader.read(frame));
    } catch (thrown) {
      const isTold = this.#held === undefined && !ownWords.has(reasonOf(faultFrom(thrown)));
      if (isTold) yield this.#worded([], { bytes, isFailure: true })[0] as ChatEvent;
      throw thrown;
    }
    const isHidden =
      this.#relay.request.hidesUsage &&
      events.some(({ event }) => event.case === "usage") &&
      frames.every(isUsageAlone);
    const isNews = frames.some(
      ({ event }) => event !== undefined && events.length === 0 && !quietEvents.has(event),
    );
    yield* this.#pass(isHidden ? Buffer.alloc(0) : bytes, events, isNews || events.some(commits));
  }

  #pass(bytes: Buffer, events: ChatEvent[], hasContent: boolean): ChatEvent[] {
    const held = this.#held;
    if (held === undefined) {
      return bytes.length === 0 ? events : this.#worded(events, { bytes });
    }
    held.bytes.push(bytes);
    held.count += bytes.length;
    held.events.push(...events);
    held.frames += 1;
    if (!hasContent && held.frames < heldMax && held.count < heldBytesMax) return [];
    this.#held = undefined;
    return this.#worded(held.events, { bytes: Buffer.concat(held.bytes) });
  }

  /** The events, the first of which was said in `words`; one that says nothing where there is none. */
  #worded(
    events: ChatEvent[],
    words: { readonly bytes: Buffer; readonly isFailure?: boolean },
  ): ChatEvent[] {
    const told = events.length === 0 ? [create(ChatEventSchema)] : events;
    this.#relay.said(told[0] as ChatEvent, words);
    return told;
  }
}
