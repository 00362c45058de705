/** A body that never changes: one buffer in each coding, shared by all responses. */

import { compressThoroughly } from "#http/compressor.ts";
import type { ContentCoding } from "#http/content-coding.ts";

/** Bytes and what they become in each coding, compressed when first asked for. */
export class FixedBody {
  readonly bytes: Buffer;
  /** At most one entry per coding. */
  readonly #coded = new Map<ContentCoding, Promise<Buffer>>();

  constructor(content: string | Buffer) {
    this.bytes = typeof content === "string" ? Buffer.from(content) : content;
  }

  /** The bytes in a coding. */
  in(coding: ContentCoding): Promise<Buffer> {
    const known = this.#coded.get(coding);
    if (known !== undefined) return known;
    const coded = compressThoroughly(coding, this.bytes);
    this.#coded.set(coding, coded);
    return coded;
  }
}
