/** What all WebSockets of a server hold of messages that are not whole yet. */

/** A count with a bound. */
export class HeldBytes {
  readonly #bytesMax: number;
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Counts further bytes, unless they are too many. */
  grow(bytes: number): boolean {
    if (this.#bytes + bytes > this.#bytesMax) return false;
    this.#bytes += bytes;
    return true;
  }

  /** Bytes that were counted are held no longer. */
  shrink(bytes: number): void {
    this.#bytes -= bytes;
  }
}
