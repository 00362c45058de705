/** Encoded spans that wait to be sent: bounded in number and bytes, gathered in pages. */

/** A page; what does not fit into one has one of its own. */
const pageBytes = 64 * 1024;

/** One page. */
interface Page {
  readonly bytes: Buffer;
  used: number;
  spans: number;
}

/** Spans that are sent together. */
export interface SpanBatch {
  readonly pieces: readonly Uint8Array[];
  readonly spans: number;
  readonly bytes: number;
}

/** The queue. What is added is copied: it may lie in memory that belongs to many. */
export class SpanQueue {
  readonly #spansMax: number;
  readonly #bytesMax: number;
  readonly #pages: Page[] = [];
  spans = 0;
  /** Bytes of the spans, which the pages exceed by less than one of them. */
  bytes = 0;

  constructor({ spansMax, bytesMax }: { readonly spansMax: number; readonly bytesMax: number }) {
    this.#spansMax = spansMax;
    this.#bytesMax = bytesMax;
  }

  /** False when there is no room, and nothing was added. */
  add(encoded: Uint8Array, spans: number): boolean {
    const { length } = encoded;
    if (this.spans + spans > this.#spansMax || this.bytes + length > this.#bytesMax) return false;
    let page = this.#pages.at(-1);
    if (page === undefined || page.used + length > page.bytes.length) {
      // A buffer of its own: of the shared pool it would keep a part that others write to.
      const bytes = Buffer.allocUnsafeSlow(Math.max(pageBytes, length));
      page = { bytes, used: 0, spans: 0 };
      this.#pages.push(page);
    }
    page.bytes.set(encoded, page.used);
    page.used += length;
    page.spans += spans;
    this.spans += spans;
    this.bytes += length;
    return true;
  }

  /** Takes the oldest pages, one at least, as long as they have no more bytes than that; undefined when there are none. */
  take(bytesMax: number): SpanBatch | undefined {
    const pieces: Uint8Array[] = [];
    let spans = 0;
    let bytes = 0;
    for (;;) {
      const page = this.#pages[0];
      if (page === undefined || (pieces.length > 0 && bytes + page.used > bytesMax)) break;
      this.#pages.shift();
      pieces.push(page.bytes.subarray(0, page.used));
      spans += page.spans;
      bytes += page.used;
    }
    if (pieces.length === 0) return undefined;
    this.spans -= spans;
    this.bytes -= bytes;
    return { pieces, spans, bytes };
  }
}
