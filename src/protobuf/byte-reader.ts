/** Reads the parts that messages are made of, one behind the other; whatever is odd is left to the library. */

import { leaveToLibrary } from "./leave-to-library.ts";

/** What text that is no UTF-8 is read as. */
const replacement = "\ufffd";
/** Texts up to this many bytes are put together one by one if they are ASCII. */
const loopedBytesMax = 12;
/** Of longer tags some are none. */
const tagBytesMax = 4;
/** Messages within messages, as the library has it. */
const depthMax = 100;

/** The properties of a message or a map. */
export type Properties = Record<string, unknown>;

/** Reads up to the end of a part into what holds it. */
export type PartReader = (reader: ByteReader, target: unknown) => void;

/** One message's bytes, of which everything up to `at` has been read. */
export class ByteReader {
  at = 0;
  /** Bytes are read up to here by the message that is being read. */
  end: number;
  readonly #bytes: Buffer;
  #depth = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes =
      bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
  }

  /** Reads all bytes into a message. */
  whole(read: PartReader, message: unknown): void {
    read(this, message);
    if (this.at !== this.end) leaveToLibrary();
  }

  /** Reads a part behind its length into what holds it. */
  part(read: PartReader, target: unknown): void {
    const outerEnd = this.end;
    this.end = this.#partEnd();
    this.#depth += 1;
    if (this.#depth >= depthMax) leaveToLibrary();
    read(this, target);
    if (this.at !== this.end) leaveToLibrary();
    this.#depth -= 1;
    this.end = outerEnd;
  }

  /** Reads a part into something new. */
  made<T>(make: () => T, read: PartReader): T {
    const target = make();
    this.part(read, target);
    return target;
  }

  /** A field's number and wire type, of up to four bytes. */
  tag(): number {
    const start = this.at;
    const tag = this.varint();
    return this.at - start <= tagBytesMax ? tag : leaveToLibrary();
  }

  /** A number that is 0 or 1. */
  bit(): boolean {
    const byte = this.#bytes[this.at++] ?? 0;
    return byte > 1 ? leaveToLibrary() : byte === 1;
  }

  /** The lower 32 bits of a number, unsigned. */
  varint(): number {
    const bytes = this.#bytes;
    const first = bytes[this.at++] ?? 0;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = bytes[this.at++] ?? leaveToLibrary();
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return leaveToLibrary();
  }

  /** A number of 64 bits, unsigned, in two halves, each signed. */
  varint64(): { lo: number; hi: number } {
    const bytes = this.#bytes;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.at++] ?? leaveToLibrary();
      const bits = byte & 0x7f;
      if (shift < 32) lo |= bits << shift;
      if (shift === 28) hi |= bits >>> 4;
      if (shift > 28) hi |= bits << (shift - 32);
      if (byte < 0x80) return { lo, hi };
    }
    return leaveToLibrary();
  }

  /** Four bytes as a signed number. */
  fixed32(): number {
    const value = this.#bytes.readInt32LE(this.at);
    this.at += 4;
    return value;
  }

  float(): number {
    const value = this.#bytes.readFloatLE(this.at);
    this.at += 4;
    return value;
  }

  double(): number {
    const value = this.#bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** Bytes behind their length: a view. */
  bytes(): Uint8Array {
    const end = this.#partEnd();
    const { buffer, byteOffset } = this.#bytes;
    const view = new Uint8Array(buffer, byteOffset + this.at, end - this.at);
    this.at = end;
    return view;
  }

  /** UTF-8 behind its length. */
  text(): string {
    const end = this.#partEnd();
    const start = this.at;
    this.at = end;
    if (end - start <= loopedBytesMax) {
      const short = this.#asciiText(start, end);
      if (short !== undefined) return short;
    }
    const text = this.#bytes.toString("utf8", start, end);
    // Whether the bytes said so, or were no UTF-8: what that means is the field's to say.
    return text.includes(replacement) ? leaveToLibrary() : text;
  }

  #partEnd(): number {
    const length = this.varint();
    const end = this.at + length;
    return end <= this.end ? end : leaveToLibrary();
  }

  #asciiText(start: number, end: number): string | undefined {
    const bytes = this.#bytes;
    let text = "";
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
