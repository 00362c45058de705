/** Cuts the bytes of a stream of server-sent events after each event, and changes none of them. Pure. */

import { GatheredBytes } from "#core/gathered-bytes.ts";
import { malformed } from "#dialects/upstream-error.ts";

/** Longest event that is held while it is not whole. */
const eventBytesMaxDefault = 16 * 1024 * 1024;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** The end of a line, and an empty one. */
const blankLine = "\n\n";

/** Cuts one stream. Its pieces together are the stream. */
export class EventCutter {
  readonly #bytesMax: number;
  /** The beginning of an event that is not whole, copied: pieces may be tiny, and hold on to more than their bytes. */
  readonly #held = new GatheredBytes();
  /** Nothing has come since the last end of a line. */
  #isLineEmpty = true;
  /** The last byte was a CR: a LF that follows belongs to it. */
  #skipsLineFeed = false;

  constructor(bytesMax = eventBytesMaxDefault) {
    this.#bytesMax = bytesMax;
  }

  /** Events that are whole now, each with the blank line after it. Throws BACKEND_MALFORMED for one that is too long. */
  push(chunk: Uint8Array): Buffer[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const events: Buffer[] = [];
    let from = this.#cutAtBlankLines(bytes, events);
    for (let at = from; at < bytes.length; at += 1) {
      const byte = bytes[at];
      if (byte === lineFeed && this.#skipsLineFeed) {
        this.#skipsLineFeed = false;
        continue;
      }
      this.#skipsLineFeed = byte === carriageReturn;
      if (byte !== lineFeed && byte !== carriageReturn) {
        this.#isLineEmpty = false;
        continue;
      }
      if (this.#isLineEmpty) {
        // The LF of the same end of a line goes with it when it is here.
        if (byte === carriageReturn && bytes[at + 1] === lineFeed) {
          this.#skipsLineFeed = false;
          at += 1;
        }
        events.push(this.#take(bytes.subarray(from, at + 1)));
        from = at + 1;
      }
      this.#isLineEmpty = true;
    }
    if (from < bytes.length) this.#hold(bytes.subarray(from));
    return events;
  }

  /** The faster way, for bytes without a CR. Returns how far it came. */
  #cutAtBlankLines(bytes: Buffer, events: Buffer[]): number {
    if (this.#skipsLineFeed || bytes.includes(carriageReturn)) return 0;
    let from = 0;
    while (from < bytes.length) {
      const isBlank = this.#isLineEmpty && bytes[from] === lineFeed;
      const at = isBlank ? from - 1 : bytes.indexOf(blankLine, from);
      if (!isBlank && at < 0) break;
      events.push(this.#take(bytes.subarray(from, at + 2)));
      from = at + 2;
      this.#isLineEmpty = true;
    }
    return from;
  }

  /** What came after the last event that was whole. */
  rest(): Buffer {
    return this.#take(Buffer.alloc(0));
  }

  #require(bytes: number): void {
    if (bytes <= this.#bytesMax) return;
    throw malformed(`the provider sent an event of more than ${this.#bytesMax} bytes`);
  }

  #hold(piece: Buffer): void {
    this.#require(this.#held.length + piece.length);
    this.#held.add(piece);
  }

  #take(last: Buffer): Buffer {
    if (this.#held.length === 0) return last;
    this.#require(this.#held.length + last.length);
    const { buffer, byteOffset, byteLength } = this.#held.take(last);
    return Buffer.from(buffer, byteOffset, byteLength);
  }
}
