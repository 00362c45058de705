/** Values of each scalar type as they are on the wire; whatever is not plainly of its type is left to the library. */

import { protoInt64, ScalarType } from "@bufbuild/protobuf";
import { fallBackToLibrary } from "./fall-back-to-library.ts";
import type { SlabWriter } from "./slab-writer.ts";
import { scalarTagOf } from "./wire-type.ts";

/** Writes a value. Throws for one that the library takes otherwise, or refuses. */
export type ValueWriter = (writer: SlabWriter, value: unknown) => void;

function int32Of(value: unknown): number {
  if (typeof value !== "number" || (value | 0) !== value) fallBackToLibrary();
  return value;
}

function uint32Of(value: unknown): number {
  if (typeof value !== "number" || value >>> 0 !== value) fallBackToLibrary();
  return value;
}

type Long = Parameters<typeof protoInt64.enc>[0];

/** The halves of a bigint, or of a text or number that stands for one. Throws what the library throws. */
function int64Of(value: unknown): { lo: number; hi: number } {
  return protoInt64.enc(value as Long);
}

function uint64Of(value: unknown): { lo: number; hi: number } {
  return protoInt64.uEnc(value as Long);
}

const writeInt32: ValueWriter = (writer, value) => {
  const number = int32Of(value);
  if (number >= 0) writer.varint(number);
  else writer.varint64(number, -1);
};

const writeInt64: ValueWriter = (writer, value) => {
  const { lo, hi } = int64Of(value);
  writer.varint64(lo, hi);
};

const writeUint64: ValueWriter = (writer, value) => {
  const { lo, hi } = uint64Of(value);
  writer.varint64(lo, hi);
};

const writeSint64: ValueWriter = (writer, value) => {
  const { lo, hi } = int64Of(value);
  const sign = hi >> 31;
  writer.varint64((lo << 1) ^ sign, ((hi << 1) | (lo >>> 31)) ^ sign);
};

const writeFixed64: ValueWriter = (writer, value) => {
  const { lo, hi } = uint64Of(value);
  writer.fixed32(lo);
  writer.fixed32(hi);
};

const writeSfixed64: ValueWriter = (writer, value) => {
  const { lo, hi } = int64Of(value);
  writer.fixed32(lo);
  writer.fixed32(hi);
};

const writeFloat: ValueWriter = (writer, value) => {
  if (typeof value !== "number") fallBackToLibrary();
  if (Number.isFinite(value) && !Number.isFinite(Math.fround(value))) fallBackToLibrary();
  writer.float(value);
};

const writeDouble: ValueWriter = (writer, value) => {
  if (typeof value !== "number") fallBackToLibrary();
  writer.double(value);
};

const writeString: ValueWriter = (writer, value) => {
  if (typeof value !== "string") fallBackToLibrary();
  writer.text(value);
};

const writeBytes: ValueWriter = (writer, value) => {
  if (!(value instanceof Uint8Array)) fallBackToLibrary();
  writer.varint(value.length);
  writer.raw(value);
};

const writers: Readonly<Record<ScalarType, ValueWriter>> = {
  [ScalarType.DOUBLE]: writeDouble,
  [ScalarType.FLOAT]: writeFloat,
  [ScalarType.INT64]: writeInt64,
  [ScalarType.UINT64]: writeUint64,
  [ScalarType.INT32]: writeInt32,
  [ScalarType.FIXED64]: writeFixed64,
  [ScalarType.FIXED32]: (writer, value) => writer.fixed32(uint32Of(value)),
  [ScalarType.BOOL]: (writer, value) => writer.byte(value ? 1 : 0),
  [ScalarType.STRING]: writeString,
  [ScalarType.BYTES]: writeBytes,
  [ScalarType.UINT32]: (writer, value) => writer.varint(uint32Of(value)),
  [ScalarType.SFIXED32]: (writer, value) => writer.fixed32(int32Of(value)),
  [ScalarType.SFIXED64]: writeSfixed64,
  [ScalarType.SINT32]: (writer, value) => {
    const number = int32Of(value);
    writer.varint(((number << 1) ^ (number >> 31)) >>> 0);
  },
  [ScalarType.SINT64]: writeSint64,
};

/** The writer of a scalar type, without a tag. */
export function scalarWriter(type: ScalarType): ValueWriter {
  return writers[type];
}

/** The writer of a scalar type after its field's tag. */
export function taggedWriter(fieldNumber: number, type: ScalarType): ValueWriter {
  const tag = scalarTagOf(fieldNumber, type);
  const write = writers[type];
  return (writer, value) => {
    writer.varint(tag);
    write(writer, value);
  };
}
