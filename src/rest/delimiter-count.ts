/** Counts the parts that begin in a multipart body, whatever a parser makes of them. Pure. */

const dash = 0x2d;

/** Takes a body piece by piece. */
export class DelimiterCount {
  readonly #delimiter: Buffer;
  /** The end of what was seen: a delimiter may begin in it. The first one needs no line before it. */
  #tail = Buffer.from("\r\n");
  /** Delimiters so far, without the closing one. */
  parts = 0;
  /** Whether the closing delimiter was there; what follows it is no part. */
  closed = false;

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, "latin1");
  }

  add(piece: Uint8Array): void {
    if (this.closed) return;
    const bytes = Buffer.concat([this.#tail, piece]);
    const { length } = this.#delimiter;
    let from = 0;
    for (;;) {
      const end = bytes.indexOf(this.#delimiter, from) + length;
      // The two bytes behind a delimiter tell whether it is the closing one.
      if (end < from + length || end + 2 > bytes.length) break;
      this.closed = bytes[end] === dash && bytes[end + 1] === dash;
      if (this.closed) return;
      this.parts += 1;
      from = end;
    }
    this.#tail = bytes.subarray(Math.max(from, bytes.length - length - 1));
  }
}
