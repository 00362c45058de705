/**
 * The wire format as its specification has it, in the plainest way: leaves of a message's bytes what
 * its type knows, so that the library, which takes fields of other wire types for what they are not,
 * reads them as C++, Go, Java and Python do.
 */

import { isUtf8 } from "node:buffer";
import { type DescField, type DescMessage, fromBinary, ScalarType } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

interface Field {
  readonly number: number;
  readonly wireType: number;
  /** The value: of a part or group what is within. */
  readonly value: Uint8Array;
  /** All of the field, its tag included. */
  readonly raw?: Uint8Array;
}

const depthMax = 100;

class Bytes {
  at = 0;
  readonly all: Uint8Array;

  constructor(all: Uint8Array) {
    this.all = all;
  }

  get isOver(): boolean {
    return this.at >= this.all.length;
  }

  take(count: number): Uint8Array {
    if (this.at + count > this.all.length) throw new Error("cut off");
    this.at += count;
    return this.all.subarray(this.at - count, this.at);
  }

  varint(bytesMax = 10): { readonly bytes: Uint8Array; readonly value: bigint } {
    const start = this.at;
    let value = 0n;
    for (let index = 0; index < bytesMax; index += 1) {
      const [byte = 0] = this.take(1);
      value |= BigInt(byte & 0x7f) << BigInt(7 * index);
      if (byte < 0x80) return { bytes: this.all.subarray(start, this.at), value };
    }
    throw new Error("too long");
  }

  uint32(): number {
    const { value } = this.varint(5);
    if (value >= 1n << 32n) throw new Error("too large");
    return Number(value);
  }

  tag(): { readonly number: number; readonly wireType: number } {
    const tag = this.uint32();
    if (tag < 8) throw new Error("no field");
    return { number: tag >>> 3, wireType: tag & 7 };
  }

  field(depth: number): Field {
    const start = this.at;
    const { number, wireType } = this.tag();
    const value = this.value(number, wireType, depth);
    return { number, wireType, value, raw: this.all.subarray(start, this.at) };
  }

  value(number: number, wireType: number, depth: number): Uint8Array {
    switch (wireType) {
      case WireType.Varint:
        return this.varint().bytes;
      case WireType.Bit32:
        return this.take(4);
      case WireType.Bit64:
        return this.take(8);
      case WireType.LengthDelimited:
        return this.take(this.uint32());
      case WireType.StartGroup: {
        if (depth + 1 >= depthMax) throw new Error("too deep");
        const start = this.at;
        for (;;) {
          const end = this.at;
          const inner = this.tag();
          if (inner.wireType === WireType.EndGroup) {
            if (inner.number !== number) throw new Error("another group ends");
            return this.all.subarray(start, end);
          }
          this.value(inner.number, inner.wireType, depth + 1);
        }
      }
      default:
        throw new Error("no wire type");
    }
  }
}

type Of = Pick<DescField, "scalar" | "enum" | "message" | "utf8Validation">;

function wireTypeOf(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return WireType.Bit64;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return WireType.Bit32;
    default:
      return WireType.Varint;
  }
}

/** The value as it is to be sent on; undefined for one that its type does not know. */
function known(of: Of, { wireType, value }: Field, isGroup: boolean, depth: number) {
  if (of.message !== undefined) {
    if (wireType !== (isGroup ? WireType.StartGroup : WireType.LengthDelimited)) return undefined;
    return conforming(of.message, value, depth + 1);
  }
  if (wireType !== wireTypeOf(of.scalar)) return undefined;
  if (of.scalar === ScalarType.STRING && of.utf8Validation && !isUtf8(value)) {
    throw new Error("not UTF-8");
  }
  return isOfEnum(of, value) ? value : undefined;
}

function isOfEnum({ enum: named }: Of, value: Uint8Array): boolean {
  if (named === undefined || named.open) return true;
  const number = Number(BigInt.asIntN(32, new Bytes(value).varint().value));
  return named.values.some((each) => each.number === number);
}

function write(writer: BinaryWriter, number: number, wireType: number, value: Uint8Array): void {
  writer.tag(number, wireType);
  if (wireType === WireType.LengthDelimited) writer.bytes(value);
  else writer.raw(value);
  if (wireType === WireType.StartGroup) writer.tag(number, WireType.EndGroup);
}

/** The numbers of a packed list that are known, each by itself. */
function unpacked(of: Of, { value }: Field): Field[] {
  const bytes = new Bytes(value);
  const wireType = wireTypeOf(of.scalar);
  const numbers: Field[] = [];
  while (!bytes.isOver) {
    numbers.push({ number: 0, wireType, value: bytes.value(0, wireType, 0) });
  }
  return numbers;
}

function entry(field: DescField & { fieldKind: "map" }, value: Uint8Array, depth: number) {
  const bytes = new Bytes(value);
  const writer = new BinaryWriter();
  const { utf8Validation } = field;
  const key: Of = { scalar: field.mapKey, enum: undefined, message: undefined, utf8Validation };
  let isFit = true;
  while (!bytes.isOver) {
    const part = bytes.field(depth);
    const of = part.number === 1 ? key : part.number === 2 ? field : undefined;
    if (of === undefined) continue;
    if (of.enum !== undefined && part.wireType === WireType.Varint)
      isFit = isOfEnum(of, part.value);
    const open: Of = of.enum === undefined ? of : { ...key, scalar: ScalarType.INT32 };
    const sent = known(open, part, false, depth);
    if (sent !== undefined) write(writer, part.number, part.wireType, sent);
  }
  return isFit ? writer.finish() : undefined;
}

function rewrite(writer: BinaryWriter, field: DescField, sent: Field, depth: number): void {
  const { number } = field;
  if (field.fieldKind === "map") {
    if (sent.wireType !== WireType.LengthDelimited) return;
    const fit = entry(field, sent.value, depth);
    if (fit !== undefined) write(writer, number, sent.wireType, fit);
    return;
  }
  const isNumeric =
    field.message === undefined && wireTypeOf(field.scalar) !== WireType.LengthDelimited;
  const isPacked = isNumeric && sent.wireType === WireType.LengthDelimited;
  const values = field.fieldKind === "list" && isPacked ? unpacked(field, sent) : [sent];
  const isGroup = "delimitedEncoding" in field && field.delimitedEncoding;
  for (const each of values) {
    const value = known(field, each, isGroup, depth);
    if (value !== undefined) write(writer, number, each.wireType, value);
  }
}

function isExtension({ proto }: DescMessage, number: number): boolean {
  return proto.extensionRange.some(({ start = 0, end = 0 }) => number >= start && number < end);
}

function conforming(desc: DescMessage, value: Uint8Array, depth: number): Uint8Array {
  if (depth >= depthMax) throw new Error("too deep");
  const bytes = new Bytes(value);
  const writer = new BinaryWriter();
  while (!bytes.isOver) {
    const sent = bytes.field(depth);
    const field = desc.fields.find(({ number }) => number === sent.number);
    if (field !== undefined) rewrite(writer, field, sent, depth);
    else if (isExtension(desc, sent.number)) writer.raw(sent.raw ?? sent.value);
  }
  return writer.finish();
}

/** The message that bytes are by the specification, of unknown fields with extensions alone. Throws where they are none. */
export function readByTheBook(desc: DescMessage, bytes: Uint8Array) {
  return fromBinary(desc, conforming(desc, Uint8Array.from(bytes), 0));
}
