/** Turns texts into scalars. */

import { ScalarType } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";

const integer = /^-?\d{1,20}$/;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** An integer within bounds; undefined for any other text. */
export function smallInteger(text: string, min: number, max: number): number | undefined {
  if (!integer.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

function bigInteger(text: string, min: bigint, max: bigint): bigint | undefined {
  if (!integer.test(text)) return undefined;
  const value = BigInt(text);
  return value >= min && value <= max ? value : undefined;
}

const base64 = /^[\w+/-]*={0,2}$/;

function float(text: string, round: (value: number) => number): number | undefined {
  if (text === "NaN") return Number.NaN;
  if (text === "Infinity") return Number.POSITIVE_INFINITY;
  if (text === "-Infinity") return Number.NEGATIVE_INFINITY;
  const value = decimal.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(round(value)) ? value : undefined;
}

function bytes(text: string): Uint8Array | undefined {
  // The decoder passes over blanks, and an unescaped + of a query is one by now.
  if (!base64.test(text)) return undefined;
  try {
    return base64Decode(text);
  } catch {
    return undefined;
  }
}

/** The value that `text` writes; undefined when it writes none of this type. */
export function scalarFrom(type: ScalarType, text: string): unknown {
  switch (type) {
    case ScalarType.STRING:
      return text;
    case ScalarType.BOOL:
      return text === "true" ? true : text === "false" ? false : undefined;
    case ScalarType.INT32:
    case ScalarType.SINT32:
    case ScalarType.SFIXED32:
      return smallInteger(text, -0x8000_0000, 0x7fff_ffff);
    case ScalarType.UINT32:
    case ScalarType.FIXED32:
      return smallInteger(text, 0, 0xffff_ffff);
    case ScalarType.INT64:
    case ScalarType.SINT64:
    case ScalarType.SFIXED64:
      return bigInteger(text, -0x8000_0000_0000_0000n, 0x7fff_ffff_ffff_ffffn);
    case ScalarType.UINT64:
    case ScalarType.FIXED64:
      return bigInteger(text, 0n, 0xffff_ffff_ffff_ffffn);
    case ScalarType.FLOAT:
      return float(text, Math.fround);
    case ScalarType.DOUBLE:
      return float(text, (value) => value);
    case ScalarType.BYTES:
      return bytes(text);
  }
}

const scalarExpectation: Readonly<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "text",
  [ScalarType.BOOL]: "true or false",
  [ScalarType.INT32]: "an integer from -2147483648 to 2147483647",
  [ScalarType.SINT32]: "an integer from -2147483648 to 2147483647",
  [ScalarType.SFIXED32]: "an integer from -2147483648 to 2147483647",
  [ScalarType.UINT32]: "an integer from 0 to 4294967295",
  [ScalarType.FIXED32]: "an integer from 0 to 4294967295",
  [ScalarType.INT64]: "an integer of 64 bits",
  [ScalarType.SINT64]: "an integer of 64 bits",
  [ScalarType.SFIXED64]: "an integer of 64 bits",
  [ScalarType.UINT64]: "an unsigned integer of 64 bits",
  [ScalarType.FIXED64]: "an unsigned integer of 64 bits",
  [ScalarType.FLOAT]: "a number of 32 bits, NaN, Infinity or -Infinity",
  [ScalarType.DOUBLE]: "a number, NaN, Infinity or -Infinity",
  [ScalarType.BYTES]: "base64",
};

/** Words for what texts of a scalar type must be. */
export function expectationOf(type: ScalarType): string {
  return scalarExpectation[type];
}
