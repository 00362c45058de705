/** Where messages are written: small ones one after the other in slabs, larger ones in pooled buffers or in buffers of their own. */

import { BufferPool } from "#core/buffer-pool.ts";
import { codeAt } from "#core/code-at.ts";
import { fallBackToLibrary } from "./fall-back-to-library.ts";
import { varintBytes, varintBytesMax } from "./varint.ts";

/** Never written again, and small: a view that waits somewhere keeps all of it. */
const slabBytes = 16 * 1024;
/** A message that moves and needs more than this lies in a pooled buffer, if its reader gives buffers back. */
const slabMessageBytesMax = slabBytes / 4;
const lentSlabBytes = 64 * 1024;
/** One that moves and needs more than this has a buffer of its own, as all of them where no one gives buffers back. */
const lentMessageBytesMax = lentSlabBytes / 2;
/** Room after what made a buffer grow, for the small fields that follow. */
const spareBytes = 64;
/** Texts up to this many units are copied one by one if they are ASCII: sooner done than calling the runtime. */
const loopedUnitsMax = 16;
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const unitBytesMax = 3;

/** Writes the fields of a message of one type. Throws for what the library is to decide. */
export type MessageWriter = (writer: SlabWriter, message: unknown) => void;

/** The parts that messages are made of, written at `at`, one message at a time. */
export class SlabWriter {
  #slab: Buffer = Buffer.alloc(0);
  #slabAt = 0;
  readonly #lender = new BufferPool(lentSlabBytes);
  /** The lender's slab, while a message is written to it. */
  #lent: Buffer | undefined;
  #poolable = false;
  /** The slab, the lender's, or the buffer of a message that is too large for both. */
  #bytes: Buffer = this.#slab;
  #start = 0;
  #at = 0;
  #isWriting = false;

  /**
   * What `write` makes of a message, after `headroomBytes` that are left to the caller: a view that
   * is the caller's alone, and may be lent to it if `poolable`. When `write` throws, it is as if
   * nothing had been written.
   */
  message(headroomBytes: number, write: MessageWriter, message: unknown, poolable = false): Buffer {
    // A property of the message that is being written may compute, and encode another one for that.
    if (this.#isWriting) return fallBackToLibrary();
    this.#isWriting = true;
    this.#poolable = poolable;
    this.#start = this.#at = this.#slabAt;
    try {
      this.#reserve(headroomBytes);
      this.#at += headroomBytes;
      write(this, message);
      if (this.#bytes === this.#slab) this.#slabAt = this.#at;
      else if (this.#bytes === this.#lent) return this.#lender.lend(this.#start, this.#at);
      return this.#bytes.subarray(this.#start, this.#at);
    } finally {
      this.#bytes = this.#slab;
      this.#lent = undefined;
      this.#isWriting = false;
    }
  }

  /** An unsigned number below 2 ** 32. */
  varint(value: number): void {
    this.#reserve(varintBytesMax);
    this.#at = this.#writeVarint(value, this.#at);
  }

  /** A number of 64 bits in two halves, each signed. */
  varint64(low: number, high: number): void {
    let rest = low >>> 0;
    let highRest = high >>> 0;
    while (highRest > 0) {
      this.byte((rest & 0x7f) | 0x80);
      rest = ((rest >>> 7) | (highRest << 25)) >>> 0;
      highRest >>>= 7;
    }
    this.varint(rest);
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at++] = value;
  }

  /** Four bytes, of a number signed or not. */
  fixed32(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeInt32LE(value | 0, this.#at);
  }

  float(value: number): void {
    this.#reserve(4);
    this.#at = this.#bytes.writeFloatLE(value, this.#at);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#at = this.#bytes.writeDoubleLE(value, this.#at);
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** A text after its length. What is no text in UTF-16 becomes U+FFFD, as TextEncoder does it. */
  text(text: string): void {
    const { length } = text;
    if (length <= loopedUnitsMax && this.#asciiText(text)) return;
    const lengthBytes = varintBytes(length);
    const bytesMax = length * unitBytesMax;
    const hasRoom = this.#bytes.length - this.#at >= varintBytesMax + bytesMax;
    if (!hasRoom) this.#reserve(varintBytesMax + Buffer.byteLength(text));
    const written = this.#bytes.write(text, this.#at + lengthBytes);
    this.#putLength(this.#at, lengthBytes, written);
  }

  /**
   * Begins a part whose length goes before it, and is likely to take `lengthBytes`; `close` wants
   * what it returns.
   */
  open(lengthBytes: number): number {
    this.#reserve(lengthBytes);
    const opened = this.#at - this.#start;
    this.#at += lengthBytes;
    return opened;
  }

  /** Ends the part that was opened last. Returns what its length has taken: a good guess for the next. */
  close(opened: number, lengthBytes: number): number {
    const start = this.#start + opened;
    const length = this.#at - start - lengthBytes;
    this.#reserve(varintBytesMax);
    return this.#putLength(this.#start + opened, lengthBytes, length);
  }

  /** Writes a length at `start`, after whose `lengthBytes` the part is already. There is room for it to move. */
  #putLength(start: number, lengthBytes: number, length: number): number {
    const needed = varintBytes(length);
    if (needed !== lengthBytes) {
      const from = start + lengthBytes;
      this.#bytes.copyWithin(start + needed, from, from + length);
    }
    this.#at = this.#writeVarint(length, start) + length;
    return needed;
  }

  #writeVarint(value: number, start: number): number {
    const bytes = this.#bytes;
    let at = start;
    let rest = value;
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    return at;
  }

  /** Writes a short text; false when it is not ASCII, and nothing has happened. */
  #asciiText(text: string): boolean {
    const { length } = text;
    this.#reserve(1 + length);
    const bytes = this.#bytes;
    let at = this.#at;
    bytes[at++] = length;
    for (let index = 0; index < length; index += 1) {
      const unit = codeAt(text, index);
      if (unit > 0x7f) return false;
      bytes[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  #reserve(count: number): void {
    if (this.#bytes.length - this.#at < count) this.#move(count);
  }

  /** Moves the message to where it has room for `count` bytes more. */
  #move(count: number): void {
    const written = this.#at - this.#start;
    const needed = written + count;
    const from = this.#bytes;
    const fromStart = this.#start;
    if (needed <= slabMessageBytesMax) {
      this.#bytes = this.#slab = Buffer.allocUnsafeSlow(slabBytes);
      this.#slabAt = this.#start = 0;
    } else if (this.#poolable && needed <= lentMessageBytesMax) {
      const { bytes, at } = this.#lender.withRoom(needed);
      this.#bytes = this.#lent = bytes;
      this.#start = at;
    } else {
      this.#bytes = Buffer.allocUnsafeSlow(Math.max(2 * written, needed + spareBytes));
      this.#start = 0;
    }
    this.#at = this.#start + written;
    from.copy(this.#bytes, this.#start, fromStart, fromStart + written);
  }
}
