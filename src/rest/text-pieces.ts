/** Text that comes in pieces: memory goes by its length, however small the pieces are. */

/** A sum of strings is a tree with a node for each: past so many it is made flat. */
const nodesMax = 512;

/** Pieces in order. */
export class TextPieces {
  /** Characters so far. */
  length = 0;
  readonly #flat: string[] = [];
  #sum = "";
  #nodes = 0;

  push(piece: string): void {
    this.length += piece.length;
    this.#sum += piece;
    this.#nodes += 1;
    if (this.#nodes < nodesMax) return;
    this.#flat.push(Buffer.from(this.#sum, "utf16le").toString("utf16le"));
    this.#sum = "";
    this.#nodes = 0;
  }

  /** Takes all of it. */
  take(): string {
    const all = this.#flat.length === 0 ? this.#sum : this.#flat.join("") + this.#sum;
    this.#flat.length = 0;
    this.#sum = "";
    this.#nodes = this.length = 0;
    return all;
  }
}
