/** Bytes that come in pieces and are wanted in one. */

const nothing: Uint8Array = new Uint8Array(0);

/** Grows by doubling: pieces of a byte each take no more memory than their bytes. */
export class GatheredBytes {
  #bytes = nothing;
  length = 0;

  /** Adds a copy of a piece. */
  add(piece: Uint8Array): void {
    const length = this.length + piece.length;
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes.subarray(0, this.length));
      this.#bytes = larger;
    }
    this.#bytes.set(piece, this.length);
    this.length = length;
  }

  /** What was added, and `last` behind it. Nothing is left here. */
  take(last: Uint8Array): Uint8Array {
    if (this.length === 0) return last;
    this.add(last);
    const all = this.#bytes.subarray(0, this.length);
    this.#bytes = nothing;
    this.length = 0;
    return all;
  }
}
