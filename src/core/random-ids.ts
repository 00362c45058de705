/** Random identifiers of one prefix: random bits in hexadecimal digits, 128 of them unless asked otherwise, such as req_3f0c…. */

import { randomFillSync } from "node:crypto";

/** Ids that are drawn at once: the system's call for random bytes costs more than the bytes. */
const idsPerDraw = 256;

/**
 * Makes identifiers. `randomUUID()` after a prefix is put together from twenty pieces: 600 bytes
 * and half a microsecond a request; here two pieces make one.
 */
export class RandomIds {
  readonly #prefix: string;
  readonly #digits: number;
  readonly #bytes: Buffer;
  #drawn = "";
  #at = 0;

  constructor(prefix: string, digits = 32) {
    this.#prefix = prefix;
    this.#digits = digits;
    this.#bytes = Buffer.alloc((digits / 2) * idsPerDraw);
  }

  next(): string {
    if (this.#at === this.#drawn.length) {
      this.#drawn = randomFillSync(this.#bytes).toString("hex");
      this.#at = 0;
    }
    const from = this.#at;
    this.#at += this.#digits;
    return this.#prefix + this.#drawn.slice(from, this.#at);
  }
}
