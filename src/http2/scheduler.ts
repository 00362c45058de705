/** Whose turn it is: the streams that have DATA to send, each one frame at a time. Pure. */

import type { Stream } from "./stream.ts";

const spentBeforeTrim = 64;

/** A round of streams; each is in it once at most. Those without a window wait outside. */
export class SendRing<S extends Stream> {
  #streams: S[] = [];
  #first = 0;

  get isEmpty(): boolean {
    return this.#first === this.#streams.length;
  }

  /** Puts a stream at the end of the round. */
  add(stream: S): void {
    if (stream.inRing) return;
    stream.inRing = true;
    this.#streams.push(stream);
  }

  /** Takes the stream whose turn it is out of the round. */
  next(): S | undefined {
    const stream = this.#streams[this.#first];
    if (stream === undefined) return undefined;
    this.#first += 1;
    stream.inRing = false;
    if (this.#first === this.#streams.length || this.#first >= spentBeforeTrim) {
      this.#streams = this.#streams.slice(this.#first);
      this.#first = 0;
    }
    return stream;
  }
}
