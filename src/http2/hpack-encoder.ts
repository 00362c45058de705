/** Writes HPACK header blocks (RFC 7541) with an index policy made for gRPC. Pure. */

import { codeAt } from "#core/code-at.ts";
import { EntryRing, tableBytesDefault } from "./entry-ring.ts";
import { fieldOverheadBytes } from "./field.ts";
import { huffmanLength, writeHuffman } from "./huffman.ts";
import { firstDynamicIndex, type KnownName, knownNames, unknownName } from "./static-table.ts";

/** An entry of the encoder's dynamic table. */
interface IndexedField {
  readonly name: string;
  readonly value: string;
  readonly listBytes: number;
  /** How many entries were added before this one. */
  readonly serial: number;
}

/** Peers may offer more; beyond this a larger table costs memory and saves nothing. */
const tableBytesMax = tableBytesDefault;
/** A field that takes more of the table than this share would push out too much. */
const entryShareMax = 3 / 4;
/** Shorter strings are not worth the work of coding unless they enter the table. */
const huffmanCharactersMin = 64;

const empty = new Uint8Array(0);

/** Most bytes that a literal field takes: two strings, each with a length of at most five bytes. */
export function encodedFieldBytesMax(name: string, value: string): number {
  return name.length + value.length + 16;
}

/** Bytes that pending changes of the table's size may add to a block. */
export const tableSizeBytesMax = 12;

/**
 * The writing half of a connection's HPACK state. Blocks are encoded in the order in which they
 * are sent: `begin`, `field` …, and `end` gives the position after the block. The buffer has room
 * for `encodedFieldBytesMax` of each field and for `tableSizeBytesMax`.
 */
export class HpackEncoder {
  readonly #ring = new EntryRing<IndexedField>((entry) => this.#forget(entry));
  /** Newest serial by name, then by value. Made when first needed. */
  #serials: Map<string, Map<string, number>> | undefined;
  #tableBytes = tableBytesDefault;
  /** The smallest size since the last block; each block starts with the outcome. */
  #tableBytesLow = tableBytesDefault;
  #bytes: Uint8Array = empty;
  #at = 0;

  /** Takes over the peer's SETTINGS_HEADER_TABLE_SIZE; announced to it at the start of the next block. */
  setTableBytes(offered: number): void {
    this.#tableBytes = Math.min(offered, tableBytesMax);
    this.#tableBytesLow = Math.min(this.#tableBytesLow, this.#tableBytes);
  }

  /** Starts a block at `at`. */
  begin(bytes: Uint8Array, at: number): void {
    this.#bytes = bytes;
    this.#at = at;
    if (this.#tableBytesLow < this.#ring.bytesMax) this.#resize(this.#tableBytesLow);
    if (this.#tableBytes !== this.#ring.bytesMax) this.#resize(this.#tableBytes);
    this.#tableBytesLow = this.#tableBytes;
  }

  /** Ends the block; returns the position after it. */
  end(): number {
    this.#bytes = empty;
    return this.#at;
  }

  /** Adds a field. Name and value consist of octets and were checked by the caller. */
  field(name: string, value: string): void {
    const known = knownNames.get(name) ?? unknownName;
    // A look-up hashes the value, which is as expensive as writing it where it is another every time.
    if (known.values.size > 0) {
      const staticIndex = known.values.get(value);
      if (staticIndex !== undefined && staticIndex > 0) {
        this.#writeInteger(0x80, 0x7f, staticIndex);
        return;
      }
    }
    if (known.policy === "index") {
      const serial = this.#serials?.get(name)?.get(value);
      if (serial !== undefined) {
        this.#writeInteger(0x80, 0x7f, this.#indexOf(serial));
        return;
      }
    }
    this.#writeLiteral(name, value, known);
  }

  #indexOf(serial: number): number {
    return firstDynamicIndex + this.#ring.insertions - 1 - serial;
  }

  #writeLiteral(name: string, value: string, known: KnownName): void {
    const listBytes = name.length + value.length + fieldOverheadBytes;
    const nameIndex = known.index > 0 ? known.index : this.#nameIndex(name);
    const isWanted = known.policy === "index" || (known.policy === "volatile" && nameIndex === 0);
    const indexed = isWanted && listBytes <= this.#ring.bytesMax * entryShareMax;
    if (indexed) this.#writeInteger(0x40, 0x3f, nameIndex);
    else this.#writeInteger(known.policy === "never" ? 0x10 : 0x00, 0x0f, nameIndex);
    if (nameIndex === 0) this.#writeString(name, indexed);
    this.#writeString(value, indexed);
    if (indexed) this.#remember({ name, value, listBytes, serial: this.#ring.insertions });
  }

  #nameIndex(name: string): number {
    const serials = this.#serials?.get(name);
    if (serials === undefined) return 0;
    // Any of its values will do: the index only stands for the name.
    for (const serial of serials.values()) return this.#indexOf(serial);
    return 0;
  }

  #remember(entry: IndexedField): void {
    this.#ring.add(entry);
    this.#serials ??= new Map();
    const serials = this.#serials.get(entry.name);
    if (serials === undefined)
      this.#serials.set(entry.name, new Map([[entry.value, entry.serial]]));
    else serials.set(entry.value, entry.serial);
  }

  #forget({ name, value }: IndexedField): void {
    const serials = this.#serials?.get(name);
    serials?.delete(value);
    if (serials?.size === 0) this.#serials?.delete(name);
  }

  #resize(tableBytes: number): void {
    this.#ring.resize(tableBytes);
    this.#writeInteger(0x20, 0x1f, tableBytes);
  }

  #writeInteger(pattern: number, mask: number, value: number): void {
    const bytes = this.#bytes;
    if (value < mask) {
      bytes[this.#at++] = pattern | value;
      return;
    }
    bytes[this.#at++] = pattern | mask;
    let rest = value - mask;
    while (rest >= 0x80) {
      bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.#at++] = rest;
  }

  /** Writes the shorter form of a string; short ones that no table keeps are left as they are. */
  #writeString(text: string, kept: boolean): void {
    if (kept || text.length >= huffmanCharactersMin) {
      const coded = huffmanLength(text);
      if (coded < text.length) {
        this.#writeInteger(0x80, 0x7f, coded);
        this.#at = writeHuffman(text, this.#bytes, this.#at);
        return;
      }
    }
    const { length } = text;
    this.#writeInteger(0x00, 0x7f, length);
    const bytes = this.#bytes;
    let at = this.#at;
    for (let index = 0; index < length; index += 1) bytes[at++] = codeAt(text, index);
    this.#at = at;
  }
}
