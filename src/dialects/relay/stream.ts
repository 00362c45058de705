/** Reads a provider's stream for a client of the same dialect: events for policy, and the bytes along with them. Pure. */

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
import { isPlainText } from "./plain-text.ts";
import type { Relay, Words } from "./relay.ts";

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

/** A frame that reports the usage and nothing else, which the gateway asked for and the client did not. */
function isUsageAlone({ data }: Frame): boolean {
  if (data === "[DONE]") return false;
  const choices = new LooseObject(JSON.parse(data)).raw("choices");
  return Array.isArray(choices) && choices.length === 0;
}

function isUsage({ event }: ChatEvent): boolean {
  return event.case === "usage";
}

/** Whether a frame says what no other provider may say again. */
function hasContent(frames: readonly Frame[], events: readonly ChatEvent[]): boolean {
  const isNews = events.length === 0 && frames.some(({ event }) => isNewsEvent(event));
  return isNews || events.some(commits);
}

function isNewsEvent(name: string | undefined): boolean {
  return name !== undefined && !quietEvents.has(name);
}

/** Reads one stream. */
export class RelayReader {
  readonly #relay: Relay;
  readonly #reader: StreamReader;
  readonly #cutter = new EventCutter();
  readonly #frames = frameReader("sse");
  /** What came before the first content: until then another provider may answer instead. */
  #held: { readonly batch: Batch; count: number; frames: number } | undefined;

  constructor(relay: Relay, reader: StreamReader) {
    this.#relay = relay;
    this.#reader = reader;
    this.#held = { batch: new Batch(), count: 0, frames: 0 };
  }

  /** The events of a piece of the stream together, none of them before the first content. Throws as the dialect's reader does. */
  *push(chunk: Uint8Array): Generator<readonly ChatEvent[]> {
    const batch = new Batch();
    let failure: { readonly thrown: unknown; readonly words?: Buffer } | undefined;
    for (const bytes of this.#cutter.push(chunk)) {
      failure = this.#read(bytes, batch);
      if (failure !== undefined) break;
    }
    if (!batch.isEmpty) yield batch.saidIn(this.#relay);
    if (failure === undefined) return;
    const { thrown, words } = failure;
    if (words !== undefined) yield new Batch([], [words]).saidIn(this.#relay, { isFailure: true });
    throw thrown;
  }

  /** The connection has ended. Throws BACKEND_FAILED unless the response was whole. */
  end(): readonly ChatEvent[] {
    const batch = new Batch();
    this.#add(batch, this.#reader.end(), this.#cutter.rest());
    return batch.isEmpty ? [] : batch.saidIn(this.#relay);
  }

  /** Adds what an event says to the batch. Returns the failure that it reports, in words that may be passed on. */
  #read(bytes: Buffer, batch: Batch): { thrown: unknown; words?: Buffer } | undefined {
    const { readsText, request } = this.#relay;
    if (this.#held === undefined && !readsText && isPlainText(request.dialect, bytes)) {
      batch.add([], bytes);
      this.#relay.unread += 1;
      return undefined;
    }
    let frames: readonly Frame[];
    let events: ChatEvent[];
    try {
      frames = this.#frames.push(bytes);
      events = frames.flatMap((frame) => this.#reader.read(frame));
    } catch (thrown) {
      const isTold = this.#held === undefined && !ownWords.has(reasonOf(faultFrom(thrown)));
      return isTold ? { thrown, words: bytes } : { thrown };
    }
    const isHidden =
      this.#relay.request.hidesUsage && events.some(isUsage) && frames.every(isUsageAlone);
    this.#add(batch, events, isHidden ? Buffer.alloc(0) : bytes, frames);
    return undefined;
  }

  /** Adds what was said to the batch, or holds it back; without frames the stream has ended. */
  #add(batch: Batch, events: readonly ChatEvent[], bytes: Buffer, frames?: readonly Frame[]): void {
    const held = this.#held;
    if (held === undefined) {
      batch.add(events, bytes);
      return;
    }
    held.batch.add(events, bytes);
    held.count += bytes.length;
    held.frames += 1;
    const isFull = held.frames >= heldMax || held.count >= heldBytesMax;
    if (frames !== undefined && !isFull && !hasContent(frames, events)) return;
    this.#held = undefined;
    batch.addAll(held.batch);
  }
}

/** Events, and the bytes in which they were said. */
class Batch {
  readonly #events: ChatEvent[];
  readonly #bytes: Buffer[];

  constructor(events: ChatEvent[] = [], bytes: Buffer[] = []) {
    this.#events = events;
    this.#bytes = bytes;
  }

  get isEmpty(): boolean {
    return this.#events.length === 0 && this.#bytes.length === 0;
  }

  add(events: readonly ChatEvent[], bytes: Buffer): void {
    this.#events.push(...events);
    if (bytes.length > 0) this.#bytes.push(bytes);
  }

  addAll(other: Batch): void {
    this.#events.push(...other.#events);
    this.#bytes.push(...other.#bytes);
  }

  /** The events, the first of which was said in the bytes; one that says nothing where there is none. */
  saidIn(relay: Relay, about: Pick<Words, "isFailure"> = {}): readonly ChatEvent[] {
    const first = this.#events[0] ?? create(ChatEventSchema);
    if (this.#events.length === 0) this.#events.push(first);
    const [only = Buffer.alloc(0)] = this.#bytes;
    relay.said(first, {
      ...about,
      bytes: this.#bytes.length < 2 ? only : Buffer.concat(this.#bytes),
    });
    return this.#events;
  }
}
