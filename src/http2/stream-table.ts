/** The streams of a connection: those that are open, those that closed lately, and which identifiers are still to come. */

import { ClosedStreams, type Closing } from "./closed-streams.ts";
import type { Stream } from "./stream.ts";
import { StreamSlots } from "./stream-slots.ts";

/** Streams by identifier. */
export class StreamTable<S extends Stream> {
  readonly #isServer: boolean;
  readonly #open = new StreamSlots<S>();
  readonly #closed = new ClosedStreams();
  /** Frames of a stream come in runs. */
  #latest: S | undefined;
  /** The highest identifier that the peer has used. */
  highestPeerId = 0;
  /** The identifier of the next stream of this project. */
  nextLocalId = 1;

  constructor(isServer: boolean) {
    this.#isServer = isServer;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#open.size;
  }

  /** The open streams; closing some of them meanwhile is fine. */
  values(): Iterable<S> {
    return this.#open.values();
  }

  /** The open stream of this identifier. */
  find(id: number): S | undefined {
    if (this.#latest?.id === id) return this.#latest;
    const stream = this.#open.get(id);
    if (stream !== undefined) this.#latest = stream;
    return stream;
  }

  add(stream: S): void {
    this.#open.add(stream);
    this.#latest = stream;
  }

  remove(stream: S, closing: Closing): void {
    this.#open.delete(stream.id);
    this.#latest = undefined;
    this.#closed.remember(stream.id, closing);
  }

  /** How a stream closed that is not open: it never was, or lingered. */
  rememberClosing(id: number, closing: Closing): void {
    this.#closed.remember(id, closing);
  }

  /** How a stream closed; undefined for one that never was open, or so long ago that it is forgotten. */
  closingOf(id: number): Closing | undefined {
    return this.#closed.find(id);
  }

  /** Whether an identifier without a closing may have been open once. */
  get hasForgotten(): boolean {
    return this.#closed.hasForgotten;
  }

  /** Whether nothing was ever sent on the stream. */
  isIdle(id: number): boolean {
    const fromPeer = (id % 2 === 1) === this.#isServer;
    return fromPeer ? id > this.highestPeerId : this.#isServer || id >= this.nextLocalId;
  }
}
