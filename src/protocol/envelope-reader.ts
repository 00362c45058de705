/** Takes a body that comes in pieces apart into envelopes. */

import type { HeldBytes } from "#core/held-bytes.ts";
import { fault } from "#errors/fault.ts";
import type { Reading } from "./compression.ts";
import { outOfBuffers } from "./decompressor.ts";
import { cutOff, type Envelope, prefixBytes, promised } from "./envelope.ts";

const nothing: Uint8Array = new Uint8Array(0);
/** Pieces up to this many bytes are put together: each by itself costs a hundred bytes beside its own. */
const tinyBytesMax = 1024;
const gatheredBytesMin = 256;
const gatheredBytesMax = 4096;
/** Time that a message may take from its first piece to its last, in milliseconds; as a body of HTTP/1.1. */
const messageMsMax = 300_000;

/**
 * Pieces in, envelopes out. It holds the message that is not whole yet, and what came with it, in about
 * as much memory as they have bytes. Payloads are views of the pieces.
 */
export class Deframer {
  readonly #reading: Reading;
  #bytes = nothing;
  /** What came after `#bytes`; joined when a message is whole, so that each byte is copied once. */
  #later: Uint8Array[] = [];
  /** Where tiny pieces are put together, the last of `#later` as far as it is filled. */
  #gathered = nothing;
  #gatheredAt = 0;
  #unread = 0;
  #at = 0;

  constructor(reading: Reading) {
    this.#reading = reading;
  }

  /** Bytes that came and are in no envelope yet. */
  get unreadBytes(): number {
    return this.#unread;
  }

  push(piece: Uint8Array): void {
    if (this.#unread === 0) {
      this.#bytes = piece;
      this.#at = 0;
    } else if (piece.length <= tinyBytesMax) {
      this.#gather(piece);
    } else {
      this.#closeGathered();
      this.#later.push(piece);
    }
    this.#unread += piece.length;
  }

  /** The next whole envelope; undefined until more has come. Throws BODY_MALFORMED or BODY_TOO_LARGE. */
  next(): Envelope | undefined {
    if (this.#unread < prefixBytes) return this.#wait();
    this.#join(prefixBytes);
    const bytes = prefixBytes + promised(this.#bytes, this.#at, this.#reading);
    if (this.#unread < bytes) return this.#wait();
    this.#join(bytes);
    const start = this.#at;
    this.#at += bytes;
    this.#unread -= bytes;
    const payload = this.#bytes.subarray(start + prefixBytes, this.#at);
    return { flags: this.#bytes[start] ?? 0, payload };
  }

  /** The body is over. Throws BODY_MALFORMED within an envelope. */
  end(): void {
    if (this.#unread > 0) throw cutOff(this.#reading);
  }

  /** What has to wait does not hold on to a read of which it is a small part. */
  #wait(): undefined {
    const left = this.#bytes.length - this.#at;
    if (left > tinyBytesMax || this.#bytes.buffer.byteLength <= 2 * left + gatheredBytesMin) return;
    this.#bytes = Buffer.from(this.#bytes.subarray(this.#at));
    this.#at = 0;
  }

  #gather(piece: Uint8Array): void {
    if (this.#gatheredAt + piece.length > this.#gathered.length) {
      this.#closeGathered();
      const bytes = Math.min(Math.max(this.#unread, gatheredBytesMin), gatheredBytesMax);
      this.#gathered = Buffer.allocUnsafeSlow(Math.max(bytes, piece.length));
    }
    this.#gathered.set(piece, this.#gatheredAt);
    this.#gatheredAt += piece.length;
  }

  /** What was put together is a piece like the others. */
  #closeGathered(): void {
    if (this.#gatheredAt > 0) this.#later.push(this.#gathered.subarray(0, this.#gatheredAt));
    this.#gathered = nothing;
    this.#gatheredAt = 0;
  }

  /** Makes the first `count` bytes lie in one piece. */
  #join(count: number): void {
    if (this.#bytes.length - this.#at >= count) return;
    this.#closeGathered();
    this.#bytes = Buffer.concat([this.#bytes.subarray(this.#at), ...this.#later]);
    this.#later = [];
    this.#at = 0;
  }
}

/** Reads a body as its envelopes are asked for. What has come is counted as held by who reads. */
export class EnvelopeReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #deframer: Deframer;
  readonly #held: HeldBytes;
  readonly #messageMsMax: number;
  /** Set while a message is on its way. */
  #timer: NodeJS.Timeout | undefined;
  /** Ends the wait for a piece of it. */
  #giveUp: ((reason: unknown) => void) | undefined;
  /** A piece was asked for that nobody waits for any more. */
  #isAbandoned = false;

  constructor(
    chunks: AsyncIterable<Uint8Array>,
    reading: Reading,
    held: HeldBytes,
    messageMs = messageMsMax,
  ) {
    this.#chunks = chunks[Symbol.asyncIterator]();
    this.#deframer = new Deframer(reading);
    this.#held = held;
    this.#messageMsMax = messageMs;
  }

  /** Bytes that came and are in no envelope yet: all that is still needed of what is held. */
  get unreadBytes(): number {
    return this.#deframer.unreadBytes;
  }

  /**
   * The next envelope; undefined after the last. Rejects with BODY_MALFORMED or BODY_TOO_LARGE, with
   * OVERLOADED when there is no memory for the rest of a message, and with DEADLINE_EXCEEDED for one
   * that takes too long.
   */
  async next(): Promise<Envelope | undefined> {
    for (;;) {
      const envelope = this.#deframer.next();
      if (envelope !== undefined) {
        this.#stopTimer();
        return envelope;
      }
      const { value, done } = await this.#piece();
      if (done) {
        this.#deframer.end();
        return undefined;
      }
      this.#held.add(value.length);
      this.#deframer.push(value);
    }
  }

  /** Reads no further: the sender is told to stop. */
  async close(): Promise<void> {
    this.#stopTimer();
    const closing = this.#chunks.return?.();
    // A piece that may never come would keep its source from closing.
    if (this.#isAbandoned) closing?.catch(() => {});
    else await closing;
  }

  /** The next piece. Between messages it may take as long as it likes. */
  #piece(): Promise<IteratorResult<Uint8Array>> {
    if (this.#deframer.unreadBytes === 0) return this.#chunks.next();
    if (this.#held.budget.isExceeded) throw outOfBuffers();
    this.#timer ??= setTimeout(this.#onLate, this.#messageMsMax).unref();
    return new Promise((resolve, reject) => {
      this.#giveUp = reject;
      this.#chunks.next().then(resolve, reject);
    });
  }

  readonly #onLate = (): void => {
    this.#isAbandoned = true;
    const text = `a message takes longer than ${this.#messageMsMax} ms to arrive`;
    this.#giveUp?.(fault("DEADLINE_EXCEEDED", text));
  };

  #stopTimer(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#giveUp = undefined;
  }
}
