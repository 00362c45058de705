/** Reads what messages are made of, one after the other, and counts it against a budget. */

import { isUtf8 } from "node:buffer";
import { WireType } from "@bufbuild/protobuf/wire";
import type { FieldLimit } from "./field-limits.ts";
import { FieldLimitError, malformed, TooManyElementsError } from "./unreadable.ts";

/** What text that is no UTF-8 is read as. */
const replacement = "\ufffd";
/** Texts up to this many bytes are put together one by one if they are ASCII. */
const loopedBytesMax = 12;
/** Tags and lengths are numbers of 32 bits, in five bytes, the last of which has room for four bits. */
const uint32BytesMax = 5;
const uint32LastMax = 0x0f;
/** Messages and groups within each other. */
const depthMax = 100;
/**
 * Numbers of a packed list that count as one element: they take 8 bytes and some 5 ns each, where the
 * smallest message takes over 100 bytes and as many ns.
 */
const numbersPerElement = 28;

/** The properties of a message or a map. */
export type Properties = Record<string, unknown>;

/** Reads up to the end of a part into what holds it. */
export type PartReader = (reader: ByteReader, target: unknown) => unknown;

/** What holds for all that is read of a message. */
export interface ReadingBounds {
  /** Elements that the message may have, see `DecodingOptions`. */
  readonly elementsMax: number;
  /** Unknown fields stay with their messages. */
  readonly keepsUnknown: boolean;
}

/** One message's bytes, of which everything up to `at` has been read. All methods throw for bytes that are no message. */
export class ByteReader {
  at = 0;
  /** Bytes are read up to here by the message that is being read. */
  end: number;
  readonly source: Buffer;
  readonly bounds: ReadingBounds;
  /** What the message may still have, in numbers of packed lists. */
  #left: number;
  #depth = 0;

  constructor(bytes: Uint8Array, bounds: ReadingBounds) {
    this.source =
      bytes instanceof Buffer ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    this.end = bytes.length;
    this.bounds = bounds;
    this.#left = bounds.elementsMax * numbersPerElement;
  }

  /** The bytes for numbers of fixed size, wherever they lie. */
  view(): DataView {
    const { buffer, byteOffset, length } = this.source;
    return new DataView(buffer, byteOffset, length);
  }

  /** Reads all bytes into a message. */
  whole(read: PartReader, message: unknown): void {
    read(this, message);
    if (this.at !== this.end) malformed("it ends within a field");
  }

  /** Reads a part after its length into what holds it. */
  part(read: PartReader, target: unknown): void {
    const outerEnd = this.end;
    this.end = this.partEnd();
    this.enter();
    read(this, target);
    if (this.at !== this.end) malformed("a part of it ends within a field");
    this.#depth -= 1;
    this.end = outerEnd;
  }

  /** The part up to `end` has been read; the one around it goes on to `outerEnd`. */
  close(outerEnd: number): void {
    if (this.at !== this.end) malformed("a part of it ends within a field");
    this.end = outerEnd;
  }

  /** What follows is within a message or group that is within what was read so far. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth >= depthMax) malformed(`it is nested more than ${depthMax} deep`);
  }

  /** The last one that was entered is over. */
  leave(): void {
    this.#depth -= 1;
  }

  /** So many elements more. */
  elements(count: number): void {
    this.#left -= count * numbersPerElement;
    if (this.#left < 0) this.#tooMany();
  }

  /** A field's number and wire type, which is an element. */
  tag(): number {
    this.elements(1);
    const first = this.source[this.at] ?? 0;
    // The usual tag is one byte; of those below 8 the field is 0.
    if (first > 0x7f || first < 8) return this.#longTag();
    this.at += 1;
    return first;
  }

  #longTag(): number {
    const tag = this.#uint32();
    if (tag < 8) malformed("a field has the number 0");
    return tag;
  }

  /** A number that says how to go on: unlike a value it may have no bits that are cut off. */
  #uint32(): number {
    const start = this.at;
    const value = this.varint();
    const bytes = this.at - start;
    if (bytes < uint32BytesMax) return value;
    const last = this.source[this.at - 1] ?? 0;
    if (bytes > uint32BytesMax || last > uint32LastMax) malformed("a tag or length is too large");
    return value;
  }

  /** Counts `numbers` of a packed list, of which each weighs as much as `weight` small ones. */
  count(numbers: number, weight: number): void {
    this.#left -= numbers * weight;
    if (this.#left < 0) this.#tooMany();
  }

  #tooMany(): never {
    throw new TooManyElementsError(this.bounds.elementsMax);
  }

  /** Reads over the value of a field. What a group holds counts as elements. */
  skip(tag: number): void {
    switch (tag & 7) {
      case WireType.Varint:
        this.varint();
        this.#advance(0);
        break;
      case WireType.Bit64:
        this.#advance(8);
        break;
      case WireType.LengthDelimited:
        this.at = this.partEnd();
        break;
      case WireType.StartGroup:
        this.#skipGroup(tag + 1);
        break;
      case WireType.EndGroup:
        malformed("a group ends that has not begun");
        break;
      case WireType.Bit32:
        this.#advance(4);
        break;
      default:
        malformed("a field has an unknown wire type");
    }
  }

  #skipGroup(endTag: number): void {
    this.enter();
    for (;;) {
      if (this.at >= this.end) malformed("a group does not end");
      const tag = this.tag();
      if (tag === endTag) break;
      this.skip(tag);
    }
    this.leave();
  }

  #advance(bytes: number): void {
    this.at += bytes;
    if (this.at > this.end) malformed("it ends within a field");
  }

  /** Whether a number is anything but 0. */
  bit(): boolean {
    const byte = this.source[this.at] ?? 0;
    if (byte > 0x7f) {
      const { lo, hi } = this.varint64();
      return (lo | hi) !== 0;
    }
    this.at += 1;
    return byte !== 0;
  }

  /** The lower 32 bits of a number, unsigned. */
  varint(): number {
    const bytes = this.source;
    const first = bytes[this.at++] ?? 0;
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = bytes[this.at++] ?? malformed("it ends within a number");
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return malformed("a number is longer than ten bytes");
  }

  /** A number of 64 bits, unsigned, in two halves, each signed. */
  varint64(): { lo: number; hi: number } {
    const bytes = this.source;
    let lo = 0;
    let hi = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[this.at++] ?? malformed("it ends within a number");
      const bits = byte & 0x7f;
      if (shift < 32) lo |= bits << shift;
      if (shift === 28) hi |= bits >>> 4;
      if (shift > 28) hi |= bits << (shift - 32);
      if (byte < 0x80) return { lo, hi };
    }
    return malformed("a number is longer than ten bytes");
  }

  /** Four bytes as a signed number. */
  fixed32(): number {
    const start = this.at;
    this.#advance(4);
    return this.source.readInt32LE(start);
  }

  float(): number {
    const start = this.at;
    this.#advance(4);
    return this.source.readFloatLE(start);
  }

  double(): number {
    const start = this.at;
    this.#advance(8);
    return this.source.readDoubleLE(start);
  }

  /** Bytes after their length: a view. Throws FieldLimitError for more than `limit`. */
  bytes(limit: FieldLimit | undefined): Uint8Array {
    const end = this.partEnd(limit);
    const { buffer, byteOffset } = this.source;
    const view = new Uint8Array(buffer, byteOffset + this.at, end - this.at);
    this.at = end;
    return view;
  }

  /**
   * Text after its length, which must be UTF-8 if `isStrict`. Throws FieldLimitError for more bytes
   * than `limit`.
   */
  text(isStrict: boolean, limit: FieldLimit | undefined): string {
    const end = this.partEnd(limit);
    const start = this.at;
    this.at = end;
    if (end - start <= loopedBytesMax) {
      const short = this.#asciiText(start, end);
      if (short !== undefined) return short;
    }
    const text = this.source.toString("utf8", start, end);
    if (isStrict && text.includes(replacement) && !isUtf8(this.source.subarray(start, end))) {
      malformed("a text is not UTF-8");
    }
    return text;
  }

  /** Where a part ends whose length is next. Throws FieldLimitError for one longer than `limit`. */
  partEnd(limit?: FieldLimit): number {
    const first = this.source[this.at] ?? 0;
    const length = first < 0x80 ? first : this.#uint32();
    if (first < 0x80) this.at += 1;
    const end = this.at + length;
    if (end > this.end) malformed("a length says more than there is");
    if (limit !== undefined && length > limit.max) throw new FieldLimitError(limit.expected);
    return end;
  }

  #asciiText(start: number, end: number): string | undefined {
    const bytes = this.source;
    let text = "";
    for (let at = start; at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      if (byte > 0x7f) return undefined;
      text += String.fromCharCode(byte);
    }
    return text;
  }
}
