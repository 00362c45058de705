/** Reads HPACK header blocks (RFC 7541) in place, within a budget. Pure. */

import { EntryRing } from "./entry-ring.ts";
import { Field, fieldOverheadBytes } from "./field.ts";
import type { FieldBuffer } from "./field-buffer.ts";
import { decodedBytesMax, decodeHuffman } from "./huffman.ts";
import { firstDynamicIndex, staticFields } from "./static-table.ts";

/** What a decoder takes before it refuses. */
export interface DecoderLimits {
  /** Most bytes of one list as SETTINGS_MAX_HEADER_LIST_SIZE counts them. */
  readonly listBytesMax: number;
  /** Most fields of one list. */
  readonly fieldsMax: number;
}

/**
 * How a block ended: `ok`; `too_large`: past a limit, fields are missing, the table is in step;
 * `far_too_large`: past four times a limit, given up; `broken`: not HPACK, the table is lost.
 */
export type DecodeOutcome = "ok" | "too_large" | "far_too_large" | "broken";

/** Lists past this many times their limit are an attack, not a mistake. */
const farTooLargeFactor = 4;
/** Integers in HPACK need no more; longer ones are an attempt to overflow. */
const integerShiftMax = 28;
const broken = -1;

/** Where Huffman strings are decoded before they become strings; holds nothing between calls. */
let scratch = Buffer.allocUnsafeSlow(4096);

/** The reading half of a connection's HPACK state. */
export class HpackDecoder {
  readonly #limits: DecoderLimits;
  readonly #ring = new EntryRing<Field>();
  /** What SETTINGS allows the peer to use. */
  #tableBytesMax = 4096;
  /** The peer has to shrink its table at the start of the next block. */
  #shrinkDue = false;
  #bytes: Buffer = scratch;
  #at = 0;
  #end = 0;
  #listBytes = 0;
  #fields = 0;

  constructor(limits: DecoderLimits) {
    this.#limits = limits;
  }

  /** Entries that were ever added to the dynamic table; unequal means that indices have moved. */
  get insertions(): number {
    return this.#ring.insertions;
  }

  /** Size of the list that was decoded last. */
  get listBytes(): number {
    return this.#listBytes;
  }

  /** Takes over an acknowledged SETTINGS_HEADER_TABLE_SIZE. */
  setTableBytesMax(tableBytesMax: number): void {
    this.#tableBytesMax = tableBytesMax;
    this.#shrinkDue = tableBytesMax < this.#ring.bytesMax;
  }

  /** Decodes the whole block `bytes[start, end)` and adds its fields to `into`. */
  decode(bytes: Buffer, start: number, end: number, into: FieldBuffer): DecodeOutcome {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#listBytes = 0;
    this.#fields = 0;
    const outcome = this.#readBlock(bytes, end, into);
    this.#bytes = scratch;
    return outcome;
  }

  #readBlock(bytes: Buffer, end: number, into: FieldBuffer): DecodeOutcome {
    let first = true;
    while (this.#at < end) {
      const head = bytes[this.#at] ?? 0;
      if ((head & 0xe0) === 0x20) {
        if (!(first && this.#readTableSize())) return "broken";
        continue;
      }
      if (first && this.#shrinkDue) return "broken";
      first = false;
      const field = head >= 0x80 ? this.#readIndexed() : this.#readLiteral(head);
      if (field === undefined) return "broken";
      this.#fields += 1;
      if (this.#isWithin(1)) into.add(field);
      else if (!this.#isWithin(farTooLargeFactor)) return "far_too_large";
    }
    return this.#isWithin(1) ? "ok" : "too_large";
  }

  #isWithin(factor: number): boolean {
    const { listBytesMax, fieldsMax } = this.#limits;
    return this.#listBytes <= factor * listBytesMax && this.#fields <= factor * fieldsMax;
  }

  #readIndexed(): Field | undefined {
    const field = this.#fieldAt(this.#readInteger(0x7f));
    if (field !== undefined) this.#listBytes += field.listBytes;
    return field;
  }

  #fieldAt(index: number): Field | undefined {
    return index < firstDynamicIndex
      ? staticFields[index - 1]
      : this.#ring.at(index - firstDynamicIndex);
  }

  #readLiteral(head: number): Field | undefined {
    const indexed = head >= 0x40;
    const nameIndex = this.#readInteger(indexed ? 0x3f : 0x0f);
    if (nameIndex === broken) return undefined;
    // What is past the budget and enters no table is stepped over, not made into strings.
    const skipped = !indexed && !this.#isWithin(1);
    const namesake = nameIndex === 0 ? undefined : this.#fieldAt(nameIndex);
    const name = nameIndex === 0 ? this.#readString(skipped) : namesake?.name;
    if (name === undefined) return undefined;
    const value = this.#readString(skipped);
    if (value === undefined) return undefined;
    if (skipped) {
      this.#listBytes += fieldOverheadBytes;
      return staticFields[0];
    }
    const field = new Field(name, value, namesake);
    this.#listBytes += field.listBytes;
    if (indexed) this.#ring.add(field);
    return field;
  }

  #readTableSize(): boolean {
    const tableBytes = this.#readInteger(0x1f);
    if (tableBytes === broken || tableBytes > this.#tableBytesMax) return false;
    this.#ring.resize(tableBytes);
    this.#shrinkDue = false;
    return true;
  }

  /** An integer whose first byte ends in a prefix of `mask` (RFC 7541 §5.1). */
  #readInteger(mask: number): number {
    const bytes = this.#bytes;
    let value = (bytes[this.#at++] ?? 0) & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= integerShiftMax; shift += 7) {
      if (this.#at >= this.#end) return broken;
      const byte = bytes[this.#at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return broken;
  }

  /** The next string; empty when `skipped`, which still counts its bytes. */
  #readString(skipped: boolean): string | undefined {
    if (this.#at >= this.#end) return undefined;
    const huffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#readInteger(0x7f);
    const start = this.#at;
    const end = start + length;
    if (length === broken || end > this.#end) return undefined;
    this.#at = end;
    if (skipped) {
      this.#listBytes += length;
      return "";
    }
    if (!huffman) return this.#bytes.toString("latin1", start, end);
    if (decodedBytesMax(length) + 2 > scratch.length) {
      scratch = Buffer.allocUnsafeSlow(2 * decodedBytesMax(length) + 2);
    }
    const decoded = decodeHuffman(this.#bytes, start, end, scratch);
    return decoded < 0 ? undefined : scratch.toString("latin1", 0, decoded);
  }
}
