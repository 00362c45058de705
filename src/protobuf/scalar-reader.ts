/** Values of each scalar type as messages hold them. */

import { type DescField, protoInt64, ScalarType } from "@bufbuild/protobuf";
import type { ByteReader } from "./byte-reader.ts";
import type { FieldLimit } from "./field-limits.ts";

/** Reads a value. */
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

type NumberType = Exclude<ScalarType, ScalarType.STRING | ScalarType.BYTES>;

const numberReaders: Readonly<Record<NumberType, ValueReader>> = {
  [ScalarType.DOUBLE]: (reader) => reader.double(),
  [ScalarType.FLOAT]: (reader) => reader.float(),
  [ScalarType.INT64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.INT32]: (reader) => reader.varint() | 0,
  [ScalarType.FIXED64]: (reader) => protoInt64.uDec(reader.fixed32(), reader.fixed32()),
  [ScalarType.FIXED32]: (reader) => reader.fixed32() >>> 0,
  [ScalarType.BOOL]: (reader) => reader.bit(),
  [ScalarType.UINT32]: (reader) => reader.varint(),
  [ScalarType.SFIXED32]: (reader) => reader.fixed32(),
  [ScalarType.SFIXED64]: (reader) => protoInt64.dec(reader.fixed32(), reader.fixed32()),
  [ScalarType.SINT32]: sint32,
  [ScalarType.SINT64]: sint64,
};

/** A number that comes as text where the field has those of 64 bits so. */
function numberReader(type: NumberType, longAsString: boolean): ValueReader {
  const read = numberReaders[type];
  return longAsString ? (reader) => String(read(reader)) : read;
}

/** What is said of a field's values besides their type. */
type ValueFacts = Pick<DescField, "utf8Validation"> & { readonly longAsString?: boolean };

/** The reader of a scalar type in a field; texts and bytes are no longer than `limit`. */
export function scalarReader(
  type: ScalarType,
  { utf8Validation, longAsString = false }: ValueFacts,
  limit: FieldLimit | undefined,
): ValueReader {
  switch (type) {
    case ScalarType.STRING:
      return (reader) => reader.text(utf8Validation, limit);
    case ScalarType.BYTES:
      return (reader) => reader.bytes(limit);
    default:
      return numberReader(type, longAsString);
  }
}
