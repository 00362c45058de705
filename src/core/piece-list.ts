/** Bytes that came in pieces and wait: memory goes by the bytes, however small the pieces are. */

import { inOwnMemory } from "./own-memory.ts";

/** A piece by itself costs some two hundred bytes besides its own: smaller ones are put together. */
const joinedBytesMax = 2048;
const roomBytesMin = 512;
const roomBytesMax = 16 * 1024;
/**
 * A piece that is a view of a larger read may keep so many times its bytes in memory: a whole frame of
 * HTTP/2 out of 64 KiB, and the rest of the read before, need not be copied.
 */
const heldFactorMax = 5;
const noBytes = Buffer.alloc(0);

/** Whether a piece that waits would hold on to much more than its own bytes. */
export function isSmallPart(piece: Uint8Array): boolean {
  return piece.buffer.byteLength > heldFactorMax * piece.length;
}

/** The piece itself, or a copy of it when it is a small part of something larger. */
export function owned(piece: Buffer): Buffer {
  return isSmallPart(piece) ? inOwnMemory(piece) : piece;
}

/** Pieces in order, large ones as they came and small ones put together. */
export class PieceList {
  /** Bytes in it. */
  bytes = 0;
  readonly #pieces: Buffer[] = [];
  /** Where small pieces are copied, one after the other; they follow all others. */
  #room: Buffer | undefined;
  #roomAt = 0;

  /** Adds a piece; a large one stays where it is, and must not change. */
  push(piece: Buffer): void {
    this.bytes += piece.length;
    if (piece.length > joinedBytesMax) {
      this.#closeRoom();
      this.#pieces.push(owned(piece));
      return;
    }
    if (this.#room === undefined || this.#room.length - this.#roomAt < piece.length) {
      this.#closeRoom();
      const wanted = Math.max(roomBytesMin, piece.length, this.bytes);
      this.#room = Buffer.allocUnsafeSlow(Math.min(roomBytesMax, wanted));
    }
    this.#room.set(piece, this.#roomAt);
    this.#roomAt += piece.length;
  }

  /** Takes the first piece. */
  shift(): Buffer | undefined {
    if (this.#pieces.length === 0) this.#closeRoom();
    const first = this.#pieces.shift();
    if (first !== undefined) this.bytes -= first.length;
    return first;
  }

  /** Takes all of it, after `head`, as one. */
  takeAll(head: Uint8Array = noBytes): Buffer {
    this.#closeRoom();
    const all = Buffer.concat([head, ...this.#pieces]);
    this.#pieces.length = 0;
    this.bytes = 0;
    return all;
  }

  /** What lies in the room is a piece like the others. */
  #closeRoom(): void {
    if (this.#room === undefined) return;
    this.#pieces.push(this.#room.subarray(0, this.#roomAt));
    this.#room = undefined;
    this.#roomAt = 0;
  }
}
