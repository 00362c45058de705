/** Takes a body that comes in pieces apart into envelopes. */

import { owned, PieceList } from "#core/piece-list.ts";
import type { Reading } from "./compression.ts";
import { cutOff, type Envelope, prefixBytes, promised } from "./envelope.ts";

const nothing: Buffer = Buffer.alloc(0);

function bufferOf(piece: Uint8Array): Buffer {
  if (piece instanceof Buffer) return piece;
  return Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
}

/**
 * Pieces in, envelopes out. It holds the message that is not whole yet, and what came with it.
 * Payloads are views of the pieces. As the progress of a body's reader it counts messages.
 */
export class Deframer {
  /** Envelopes that were taken. */
  messages = 0;
  readonly #reading: Reading;
  #bytes = nothing;
  #at = 0;
  /** What came after `#bytes`, the last piece apart: usually it makes the message whole. */
  #later: PieceList | undefined;
  #last: Buffer | undefined;
  #held = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Nothing of the next envelope is here. */
  get isBetween(): boolean {
    return this.#held === 0;
  }

  push(piece: Uint8Array): void {
    if (this.#held === 0) {
      this.#bytes = bufferOf(piece);
      this.#at = 0;
    } else {
      this.#store();
      this.#last = bufferOf(piece);
    }
    this.#held += piece.length;
  }

  /** The next whole envelope; undefined until more has come. Throws BODY_MALFORMED or BODY_TOO_LARGE. */
  next(): Envelope | undefined {
    if (this.#held < prefixBytes) return this.#wait();
    this.#join(prefixBytes);
    const bytes = prefixBytes + promised(this.#bytes, this.#at, this.#reading);
    if (this.#held < bytes) return this.#wait();
    this.#join(bytes);
    const start = this.#at;
    this.#at += bytes;
    this.#held -= bytes;
    this.messages += 1;
    const payload = this.#bytes.subarray(start + prefixBytes, this.#at);
    return { flags: this.#bytes[start] ?? 0, payload };
  }

  /** The body is over. Throws BODY_MALFORMED within an envelope. */
  end(): void {
    if (this.#held > 0) throw cutOff(this.#reading);
  }

  /** What has to wait holds its own memory, however small its pieces are. */
  #wait(): undefined {
    if (this.#held === 0) {
      this.#bytes = nothing;
      this.#at = 0;
      return;
    }
    if (this.#later === undefined && this.#last === undefined) {
      this.#bytes = owned(this.#bytes.subarray(this.#at));
      this.#at = 0;
    }
    this.#store();
  }

  #store(): void {
    if (this.#last === undefined) return;
    this.#later ??= new PieceList();
    this.#later.push(this.#last);
    this.#last = undefined;
  }

  /** Makes the first `count` bytes lie in one piece. */
  #join(count: number): void {
    if (this.#bytes.length - this.#at >= count) return;
    const first = this.#bytes.subarray(this.#at);
    if (this.#later === undefined) {
      this.#bytes = Buffer.concat([first, this.#last ?? nothing]);
    } else {
      this.#store();
      this.#bytes = this.#later.takeAll(first);
      this.#later = undefined;
    }
    this.#last = undefined;
    this.#at = 0;
  }
}

/** Reads a body as its envelopes are asked for. */
export class EnvelopeReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #deframer: Deframer;

  /** `deframer` is new. */
  constructor(chunks: AsyncIterable<Uint8Array>, deframer: Deframer) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#deframer = deframer;
  }

  /** The next envelope; undefined after the last. Rejects with BODY_MALFORMED or BODY_TOO_LARGE. */
  async next(): Promise<Envelope | undefined> {
    for (;;) {
      const envelope = this.#deframer.next();
      if (envelope !== undefined) return envelope;
      const { value, done } = await this.#chunks.next();
      if (done) {
        this.#deframer.end();
        return undefined;
      }
      this.#deframer.push(value);
    }
  }

  /** Reads no further: the sender is asked to stop. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
