/** Bytes that come in pieces and are wanted in one. */

import { free } from "./free.ts";

const nothing = new Uint8Array(0);

/**
 * From here on the room grows where it is, by as much, if its largest size is known. The C library
 * keeps what large buffers that were outgrown leave behind; this memory is the system's own.
 */
const stepBytes = 1024 * 1024;

/**
 * Who has sent so many of a known number of bytes is believed: the next room is eight times as large,
 * up to one step. Each room that is outgrown is copied once more, and leaves something behind.
 */
const believedBytes = 128 * 1024;

/**
 * A body that will be so large grows where it is from then on. Memory of the system's own takes 2 µs a
 * kilobyte to touch: too much for smaller ones, which leave less behind.
 */
const ownBytesMin = 768 * 1024;

/**
 * Grows by doubling, then by steps: pieces of a byte each take no more memory than twice their bytes,
 * or eight times, of which seven are not touched yet, where the largest size is known.
 */
export class GatheredBytes {
  /** Bytes that were added. */
  length = 0;
  #room: Uint8Array = nothing;
  readonly #bytesMax: number;
  /** Largest room that is not yet one of the system's own. */
  readonly #copiedBytesMax: number;

  /**
   * As a rule no more than `bytesMax` is added: with all of it, the room has no byte too many. So many
   * are what will come where the size `isExact`, and a limit where not.
   */
  constructor(bytesMax: number = Number.POSITIVE_INFINITY, isExact = false) {
    this.#bytesMax = bytesMax;
    this.#copiedBytesMax = isExact && bytesMax >= ownBytesMin ? believedBytes : stepBytes;
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
    const next = this.#nextRoomBytes(length);
    // What comes in spite of the size has no size.
    return Math.max(length, length > this.#bytesMax ? next : Math.min(next, this.#bytesMax));
  }

  /** Adds a copy of a piece. */
  add(piece: Uint8Array): void {
    this.#reserve(piece.length);
    this.#room.set(piece, this.length);
    this.length += piece.length;
  }

  /** Adds `count` bytes that the caller writes before the next call: they hold anything until then. */
  extend(count: number): Buffer {
    this.#reserve(count);
    const { buffer, byteOffset } = this.#room;
    const added = Buffer.from(buffer, byteOffset + this.length, count);
    this.length += count;
    return added;
  }

  /** What was added, and `last` after it. Nothing is left here. */
  take(last: Uint8Array = nothing): Uint8Array {
    if (this.length === 0) return last;
    this.add(last);
    if (this.#isInPlace) return this.takeOwn();
    const all = this.#room.subarray(0, this.length);
    this.#room = nothing;
    this.length = 0;
    return all;
  }

  /** As `take`, in memory that holds nothing else, so that it can be freed. */
  takeOwn(): Buffer {
    // What grows in place is slow to read: all others would be a little slower with it.
    if (this.#isInPlace || this.length < this.#room.length) this.#move(this.length);
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

  #reserve(count: number): void {
    const roomBytes = this.roomBytesWith(count);
    if (roomBytes <= this.#room.length) return;
    if (this.#growsInPlace(roomBytes)) this.#grow(roomBytes);
    else this.#move(roomBytes);
  }

  #nextRoomBytes(length: number): number {
    const room = this.#room.length;
    if (this.#growsInPlace(length)) return room + stepBytes;
    const isBelieved = room >= believedBytes && this.#bytesMax < Number.POSITIVE_INFINITY;
    return isBelieved ? Math.max(2 * room, Math.min(8 * room, stepBytes)) : 2 * room;
  }

  #growsInPlace(length: number): boolean {
    const bytesMax = this.#bytesMax;
    const isKnown = length <= bytesMax && bytesMax < Number.POSITIVE_INFINITY;
    return isKnown && length > this.#copiedBytesMax;
  }

  get #isInPlace(): boolean {
    const { buffer } = this.#room;
    return buffer instanceof ArrayBuffer && buffer.resizable;
  }

  #grow(roomBytes: number): void {
    const { buffer } = this.#room;
    if (buffer instanceof ArrayBuffer && buffer.resizable) {
      buffer.resize(roomBytes);
      this.#room = new Uint8Array(buffer, 0, roomBytes);
    } else {
      this.#become(new ArrayBuffer(roomBytes, { maxByteLength: this.#bytesMax }));
    }
  }

  #move(roomBytes: number): void {
    // Not of Node's pool, which others read, too.
    this.#become(Buffer.allocUnsafeSlow(roomBytes).buffer);
  }

  #become(buffer: ArrayBufferLike): void {
    const room = new Uint8Array(buffer);
    room.set(this.#room.subarray(0, this.length));
    free(this.#room);
    this.#room = room;
  }
}
