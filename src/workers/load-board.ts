/** What each thread has to do, in memory that all threads see. */

import type { ThreadLoad } from "./choice.ts";

const wordsPerSlot = 2;

/** A row for each thread: its connections, and its requests. */
export class LoadBoard {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  /** A board for so many threads, or the one that another thread has made. */
  constructor(of: number | SharedArrayBuffer) {
    this.buffer =
      typeof of === "number"
        ? new SharedArrayBuffer(of * wordsPerSlot * Int32Array.BYTES_PER_ELEMENT)
        : of;
    this.#words = new Int32Array(this.buffer);
  }

  of(slot: number): ThreadLoad {
    const at = slot * wordsPerSlot;
    return {
      connections: Atomics.load(this.#words, at),
      requests: Atomics.load(this.#words, at + 1),
    };
  }

  /** A connection is on its way to a thread. */
  entered(slot: number): void {
    Atomics.add(this.#words, slot * wordsPerSlot, 1);
  }

  /** A connection of a thread is closed. */
  left(slot: number): void {
    Atomics.sub(this.#words, slot * wordsPerSlot, 1);
  }

  /** A thread has so many requests now. */
  busy(slot: number, requests: number): void {
    Atomics.store(this.#words, slot * wordsPerSlot + 1, requests);
  }

  /** A thread has ended. */
  clear(slot: number): void {
    this.#words.fill(0, slot * wordsPerSlot, (slot + 1) * wordsPerSlot);
  }
}
