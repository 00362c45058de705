/** Where a connection's frames are written until its socket takes them. */

import { isLent } from "#core/buffer-pool.ts";
import { frameHeadBytes } from "./frames.ts";

/** A piece of memory that outputs fill one after the other; no byte is ever written twice. */
interface Slab {
  readonly bytes: Buffer;
  /** Everything before is in use or was. */
  end: number;
}

const slabBytes = 64 * 1024;
/** A slab with less room is left to the garbage collector. */
const slabRestBytesMin = 1024;
const empty = Buffer.alloc(0);
/** Never added to. */
const nothing: Buffer[] = [];
/** Payloads up to this many bytes are copied after their head; larger ones are sent from where they are. */
export const copiedBytesMax = 2048;

/** Slabs with room left, shared by the connections of a server: an idle connection holds none. */
export class SlabPool {
  readonly #free: Slab[] = [];

  take(bytesMin: number): Slab {
    const slab = this.#free.pop();
    if (slab !== undefined && slab.bytes.length - slab.end >= bytesMin) return slab;
    return { bytes: Buffer.allocUnsafeSlow(Math.max(slabBytes, bytesMin)), end: 0 };
  }

  give(slab: Slab): void {
    if (slab.bytes.length - slab.end >= slabRestBytesMin) this.#free.push(slab);
  }
}

/** Frames that wait for the socket, as one buffer unless large payloads lie between. */
export class Output {
  /** The current slab's memory; a block may be written directly into reserved room at `at`. */
  bytes: Buffer = empty;
  at = 0;
  readonly #slabs: SlabPool;
  #slab: Slab | undefined;
  #segmentStart = 0;
  #chunks: Buffer[] = [];
  #chunkBytes = 0;
  #spent: Buffer[] = nothing;
  #spentTaken: readonly Buffer[] = nothing;

  constructor(slabs: SlabPool) {
    this.#slabs = slabs;
  }

  /** Bytes that wait. */
  get length(): number {
    return this.#chunkBytes + this.at - this.#segmentStart;
  }

  /** Makes sure that `count` bytes can be written at `at` in one piece. */
  reserve(count: number): void {
    if (this.bytes.length - this.at >= count) return;
    this.#closeSegment();
    this.#giveSlab();
    this.#slab = this.#slabs.take(count);
    this.bytes = this.#slab.bytes;
    this.at = this.#slab.end;
    this.#segmentStart = this.at;
  }

  /** Writes a frame's head. Nine bytes are reserved. */
  head(length: number, type: number, flags: number, streamId: number): void {
    const { bytes, at } = this;
    bytes[at] = length >>> 16;
    bytes[at + 1] = length >>> 8;
    bytes[at + 2] = length;
    bytes[at + 3] = type;
    bytes[at + 4] = flags;
    bytes[at + 5] = streamId >>> 24;
    bytes[at + 6] = streamId >>> 16;
    bytes[at + 7] = streamId >>> 8;
    bytes[at + 8] = streamId;
    this.at = at + frameHeadBytes;
  }

  /** Writes two bytes. They are reserved. */
  uint16(value: number): void {
    this.bytes[this.at++] = value >>> 8;
    this.bytes[this.at++] = value;
  }

  /** Writes four bytes. They are reserved. */
  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value);
  }

  /** Adds a payload: a small one by copying, a large one by reference, so it must not change. */
  payload(source: Buffer, start: number, end: number): void {
    const count = end - start;
    if (count <= copiedBytesMax) {
      this.reserve(count);
      if (count < 64) {
        for (let index = start; index < end; index += 1) this.bytes[this.at++] = source[index] ?? 0;
      } else {
        this.at += source.copy(this.bytes, this.at, start, end);
      }
      return;
    }
    this.#closeSegment();
    this.#chunks.push(start === 0 && end === source.length ? source : source.subarray(start, end));
    this.#chunkBytes += count;
  }

  /** A payload has been added to its end, in one part or several. */
  spend(payload: Buffer): void {
    if (payload.length <= copiedBytesMax || !isLent(payload)) return;
    if (this.#spent === nothing) this.#spent = [];
    this.#spent.push(payload);
  }

  /** Lent payloads whose last part was in what `take` returned last: once that is sent, they can be given back. */
  takeSpent(): readonly Buffer[] {
    const spent = this.#spentTaken;
    this.#spentTaken = nothing;
    return spent;
  }

  /** Hands all that waits to the caller, in order, and holds no memory afterwards. */
  take(): readonly Buffer[] {
    this.#closeSegment();
    this.#giveSlab();
    const chunks = this.#chunks;
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#spentTaken = this.#spent;
    this.#spent = nothing;
    return chunks;
  }

  #closeSegment(): void {
    if (this.at === this.#segmentStart) return;
    this.#chunks.push(this.bytes.subarray(this.#segmentStart, this.at));
    this.#chunkBytes += this.at - this.#segmentStart;
    this.#segmentStart = this.at;
  }

  #giveSlab(): void {
    if (this.#slab === undefined) return;
    this.#slab.end = this.at;
    this.#slabs.give(this.#slab);
    this.#slab = undefined;
    this.bytes = empty;
    this.at = 0;
    this.#segmentStart = 0;
  }
}
