/** Bytes that come in pieces and are wanted in one. */

import { free } from "./free.ts";

const nothing = new Uint8Array(0);

/** Grows by doubling: pieces of a byte each take no more memory than twice their bytes. */
export class GatheredBytes {
  /** Bytes that were added. */
  length = 0;
  #room: Uint8Array = nothing;
  readonly #bytesMax: number;

  /** No more than `bytesMax` is added: with all of it, the room has no byte too many. */
  constructor(bytesMax: number = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
  }

  /** What was added, as a view that is good until the next call. */
  get bytes(): Uint8Array {
    return this.#room.subarray(0, this.length);
  }

  /** Memory that it takes, in bytes. */
  get roomBytes(): number {
    return this.#room.length;
  }

  /** Memory that it will take with `count` bytes more. */
  roomBytesWith(count: number): number {
    const length = this.length + count;
    const room = this.#room.length;
    if (length <= room) return room;
    return Math.max(length, Math.min(2 * room, this.#bytesMax));
  }

  /** Adds a copy of a piece. */
  add(piece: Uint8Array): void {
    const roomBytes = this.roomBytesWith(piece.length);
    if (roomBytes > this.#room.length) this.#move(roomBytes);
    this.#room.set(piece, this.length);
    this.length += piece.length;
  }

  /** What was added, and `last` after it. Nothing is left here. */
  take(last: Uint8Array = nothing): Uint8Array {
    if (this.length === 0) return last;
    this.add(last);
    const all = this.#room.subarray(0, this.length);
    this.#room = nothing;
    this.length = 0;
    return all;
  }

  /** As `take`, in memory that holds nothing else, so that it can be freed. */
  takeOwn(): Buffer {
    if (this.length < this.#room.length) this.#move(this.length);
    const { buffer } = this.#room;
    this.#room = nothing;
    this.length = 0;
    return Buffer.from(buffer);
  }

  /** Forgets what was added. */
  clear(): void {
    free(this.#room);
    this.#room = nothing;
    this.length = 0;
  }

  #move(roomBytes: number): void {
    // Not of Node's pool, which others read, too.
    const room = new Uint8Array(Buffer.allocUnsafeSlow(roomBytes).buffer);
    room.set(this.#room.subarray(0, this.length));
    free(this.#room);
    this.#room = room;
  }
}
