/** Values of each scalar type as messages hold them. */

import { protoInt64, ScalarType } from "@bufbuild/protobuf";
import type { ByteReader } from "./byte-reader.ts";

/** Reads a value. Throws for bytes that the library takes otherwise, or refuses. */
export type ValueReader = (reader: ByteReader) => unknown;

function int64(reader: ByteReader): bigint | string {
  const { lo, hi } = reader.varint64();
  return protoInt64.dec(lo, hi);
}

function uint64(reader: ByteReader): bigint | string {
  const { lo, hi } = reader.varint64();
  return protoInt64.uDec(lo, hi);
}

function sint64(reader: ByteReader): bigint | string {
  const { lo, hi } = reader.varint64();
  const sign = -(lo & 1);
  return protoInt64.dec(((lo >>> 1) | (hi << 31)) ^ sign, (hi >>> 1) ^ sign);
}

function sint32(reader: ByteReader): number {
  const value = reader.varint();
  return (value >>> 1) ^ -(value & 1);
}

const readers: Readonly<Record<ScalarType, ValueReader>> = {
  [ScalarType.DOUBLE]: (reader) => reader.double(),
  [ScalarType.FLOAT]: (reader) => reader.float(),
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.INT32]: (reader) => reader.varint() | 0,
  [ScalarType.FIXED64]: (reader) => protoInt64.uDec(reader.fixed32(), reader.fixed32()),
  [ScalarType.FIXED32]: (reader) => reader.fixed32() >>> 0,
  [ScalarType.BOOL]: (reader) => reader.bit(),
  [ScalarType.STRING]: (reader) => reader.text(),
  [ScalarType.BYTES]: (reader) => reader.bytes(),
  [ScalarType.UINT32]: (reader) => reader.varint(),
  [ScalarType.SFIXED32]: (reader) => reader.fixed32(),
  [ScalarType.SFIXED64]: (reader) => protoInt64.dec(reader.fixed32(), reader.fixed32()),
  [ScalarType.SINT32]: sint32,
  [ScalarType.SINT64]: sint64,
};

/** The reader of a scalar type; numbers of 64 bits come as text where the field has them so. */
export function scalarReader(type: ScalarType, longAsString: boolean): ValueReader {
  const read = readers[type];
  return longAsString ? (reader) => String(read(reader)) : read;
}
