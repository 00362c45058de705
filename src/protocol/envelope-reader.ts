/** Takes a body that comes in pieces apart into envelopes. */

import type { Reading } from "./compression.ts";
import { cutOff, type Envelope, prefixBytes, promised } from "./envelope.ts";

const nothing: Uint8Array = new Uint8Array(0);

/**
 * Pieces in, envelopes out. It holds the message that is not whole yet, and what came with it.
 * Payloads are views of the pieces.
 */
export class Deframer {
  readonly #reading: Reading;
  #bytes = nothing;
  /** What came behind `#bytes`; joined when a message is whole, so that each byte is copied once. */
  #later: Uint8Array[] = [];
  #held = 0;
  #at = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  push(piece: Uint8Array): void {
    if (this.#held === 0) {
      this.#bytes = piece;
      this.#at = 0;
    } else {
      this.#later.push(piece);
    }
    this.#held += piece.length;
  }

  /** The next whole envelope; undefined until more has come. Throws BODY_MALFORMED or BODY_TOO_LARGE. */
  next(): Envelope | undefined {
    if (this.#held < prefixBytes) return undefined;
    this.#join(prefixBytes);
    const bytes = prefixBytes + promised(this.#bytes, this.#at, this.#reading);
    if (this.#held < bytes) return undefined;
    this.#join(bytes);
    const start = this.#at;
    this.#at += bytes;
    this.#held -= bytes;
    const payload = this.#bytes.subarray(start + prefixBytes, this.#at);
    return { flags: this.#bytes[start] ?? 0, payload };
  }

  /** The body is over. Throws BODY_MALFORMED within an envelope. */
  end(): void {
    if (this.#held > 0) throw cutOff(this.#reading);
  }

  /** Makes the first `count` bytes lie in one piece. */
  #join(count: number): void {
    if (this.#bytes.length - this.#at >= count) return;
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#later]);
    this.#later = [];
    this.#at = 0;
  }
}

/** Reads a body as its envelopes are asked for. */
export class EnvelopeReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #deframer: Deframer;

  constructor(chunks: AsyncIterable<Uint8Array>, reading: Reading) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#deframer = new Deframer(reading);
  }

  /** The next envelope; undefined behind the last. Rejects with BODY_MALFORMED or BODY_TOO_LARGE. */
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

  /** Reads no further: the sender is told to stop. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
