/** Decompresses messages within what the process may hold: a few at a time, each counted before it has a byte. */

import { Code, type ConnectError } from "@connectrpc/connect";
import { ByteBudget } from "#core/byte-budget.ts";
import { timeLimit } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";
import {
  bytesNeeded,
  type Decoding,
  messageTooLarge,
  type Reading,
  smallBytesMax,
} from "./compression.ts";

/** Who gets the bytes, and may leave before. */
export interface Recipient {
  /** Its signal, which is looked at when there is something to wait for, aborts when no one wants them any more. */
  readonly source: { readonly signal: AbortSignal };
  /** So many bytes of the budget, which have been taken, are its own to give back. */
  readonly held: { adopt(bytes: number): void };
}

/** Messages that are decompressed at one time: zlib has the threads that files and names are read by. */
const runningMax = 4;
/** How long a message waits for its turn and for memory, in milliseconds. */
const waitMsMax = 5000;

/** What messages usually expand to, at most. */
const usualExpansion = 8;

/** The refusal of a message for which there is no memory now. */
function outOfBuffers(): ConnectError {
  const text = "the server holds as many bytes of requests as it may, try again later";
  return fault("OVERLOADED", text, { retryAfterMs: waitMsMax, metadata: { limit: "buffers" } });
}

interface Job {
  readonly coding: Decoding;
  readonly bytes: Uint8Array;
  readonly reading: Reading;
  readonly recipient: Recipient;
}

/** Decompresses for everybody who shares a budget. */
export class Decompressor {
  readonly #buffers: ByteBudget;
  /** Whoever decompresses has taken one. */
  readonly #turns = new ByteBudget(runningMax);
  readonly #waitMsMax: number;

  constructor(buffers: ByteBudget, waitMs = waitMsMax) {
    this.#buffers = buffers;
    this.#waitMsMax = waitMs;
  }

  /**
   * The bytes of a compressed message, which the recipient holds from then on. Rejects with
   * BODY_TOO_LARGE, BODY_MALFORMED, with OVERLOADED when there is no room for it in time, and with the
   * reason of a recipient that leaves meanwhile; always BODY_MALFORMED, as INTERNAL, without a coding.
   */
  async decompressed(
    coding: Decoding | undefined,
    bytes: Uint8Array,
    reading: Reading,
    recipient: Recipient,
  ): Promise<Uint8Array> {
    if (coding === undefined) {
      throw fault("BODY_MALFORMED", "a message is compressed, but no coding was named", {
        code: Code.Internal,
      });
    }
    // Peers may call an empty message compressed without a byte of that coding.
    if (bytes.length === 0) return bytes;
    const job = { coding, bytes, reading, recipient };
    const bytesMax = reading.messageBytesMax;
    // Few bytes are mostly a small message: one that is not is begun again, with room for a large one.
    if (usualExpansion * bytes.length <= smallBytesMax && smallBytesMax < bytesMax) {
      const small = await this.#within(smallBytesMax, job);
      if (small !== undefined) return small;
    }
    const message = await this.#within(bytesMax, job);
    if (message === undefined) throw messageTooLarge(bytesMax);
    // Nothing is begun for somebody who left meanwhile.
    recipient.source.signal.throwIfAborted();
    return message;
  }

  /** The decompressed bytes; undefined if there are more than `bytesMax`. */
  async #within(bytesMax: number, job: Job): Promise<Uint8Array | undefined> {
    const { coding, bytes, reading, recipient } = job;
    // What is larger than the budget by itself gets all of it: nothing else is held besides it.
    const taken = Math.min(bytesNeeded(bytesMax), this.#buffers.bytesMax);
    await this.#take(taken, recipient);
    let kept = 0;
    try {
      const message = await coding.decompress(bytes, bytesMax);
      kept = Math.min(message.buffer.byteLength, taken);
      return message;
    } catch (cause) {
      if (cause instanceof RangeError) return undefined;
      throw fault("BODY_MALFORMED", `the message is not ${coding.name}`, {
        code: reading.malformedCode,
        cause,
      });
    } finally {
      // First what is kept, so that no one who waits is given it.
      recipient.held.adopt(kept);
      this.#buffers.release(taken - kept);
      this.#turns.release(1);
    }
  }

  /** Takes a turn and the bytes; no one waits, and no signal is made, where there are both. */
  async #take(bytes: number, { source }: Recipient): Promise<void> {
    const hasTurn = this.#turns.take(1);
    if (hasTurn && this.#buffers.take(bytes)) return;
    using limit = timeLimit(this.#waitMsMax, source.signal);
    if (hasTurn || (await this.#turns.takeInTurn(1, limit.signal))) {
      if (await this.#buffers.takeInTurn(bytes, limit.signal)) return;
      this.#turns.release(1);
    }
    source.signal.throwIfAborted();
    throw outOfBuffers();
  }
}
