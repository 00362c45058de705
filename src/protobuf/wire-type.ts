/** How values are delimited on the wire, and the tags that say so. */

import { ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";

/** A map's entry is a message of two fields. */
export const mapKeyNumber = 1;
/** See `mapKeyNumber`. */
export const mapValueNumber = 2;

/** The wire type of a scalar type, unpacked. */
function wireTypeOf(type: ScalarType): WireType {
  switch (type) {
    case ScalarType.BYTES:
    case ScalarType.STRING:
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

/** The number before a field: which one it is, and how it is delimited. */
export function tagOf(fieldNumber: number, wireType: WireType): number {
  return ((fieldNumber << 3) | wireType) >>> 0;
}

/** The tag before a value of a scalar type, unpacked. */
export function scalarTagOf(fieldNumber: number, type: ScalarType): number {
  return tagOf(fieldNumber, wireTypeOf(type));
}
