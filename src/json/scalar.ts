/** Turns texts into scalars, as a query, a form or a JSON string writes them. */

import { ScalarType } from "@bufbuild/protobuf";
import { bytesFromBase64 } from "./base64.ts";

const integer = /^-?\d{1,20}$/;
const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** Texts of numbers are shorter. */
const numberCharsMax = 1_000;

/** An integer within bounds; undefined for any other text. */
export function smallInteger(text: string, min: number, max: number): number | undefined {
  if (!integer.test(text)) return undefined;
  const value = Number(text);
  return value >= min && value <= max ? value : undefined;
}

/** Integers that a scalar type holds. */
export interface IntegerRange {
  /** Its values are bigints. */
  readonly isLong: boolean;
  readonly min: bigint;
  readonly max: bigint;
}

const int32: IntegerRange = { isLong: false, min: -0x8000_0000n, max: 0x7fff_ffffn };
const uint32: IntegerRange = { isLong: false, min: 0n, max: 0xffff_ffffn };
const int64: IntegerRange = { isLong: true, min: -(1n << 63n), max: (1n << 63n) - 1n };
const uint64: IntegerRange = { isLong: true, min: 0n, max: (1n << 64n) - 1n };

const integerRanges: Readonly<Partial<Record<ScalarType, IntegerRange>>> = {
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
};

/** The integers of a scalar type; undefined for a type of other values. */
export function integerRangeOf(type: ScalarType): IntegerRange | undefined {
  return integerRanges[type];
}

const anyNumber = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** The integer that a number writes, also as 1e3 or 1.0; undefined for any other text. Exact, whatever its size. */
export function exactInteger(text: string): bigint | undefined {
  if (text.length > numberCharsMax) return undefined;
  const [, sign = "", whole = "", fraction = "", power = "0"] = anyNumber.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, "");
  if (digits === "") return whole === "" ? undefined : 0n;
  const shift = Number(power) - fraction.length;
  // No type holds as many.
  if (shift > 20) return undefined;
  const end = digits.length + Math.min(shift, 0);
  if (end <= 0 || /[1-9]/.test(digits.slice(end))) return undefined;
  return BigInt(`${sign}${digits.slice(0, end)}${"0".repeat(Math.max(shift, 0))}`);
}

/** The value of an integer field; undefined when it is out of range. */
export function heldInteger(value: bigint, range: IntegerRange): bigint | number | undefined {
  if (value < range.min || value > range.max) return undefined;
  return range.isLong ? value : Number(value);
}

/** A number that a float field holds; undefined for one that is beyond all of them. */
export function heldFloat(type: ScalarType, value: number): number | undefined {
  return Number.isFinite(type === ScalarType.FLOAT ? Math.fround(value) : value)
    ? value
    : undefined;
}

function float(type: ScalarType, text: string): number | undefined {
  if (text === "NaN") return Number.NaN;
  if (text === "Infinity") return Number.POSITIVE_INFINITY;
  if (text === "-Infinity") return Number.NEGATIVE_INFINITY;
  if (text.length > numberCharsMax || !decimal.test(text)) return undefined;
  return heldFloat(type, Number(text));
}

/** The value that `text` writes; undefined when it writes none of this type. */
export function scalarFrom(type: ScalarType, text: string): unknown {
  const range = integerRanges[type];
  if (range !== undefined) {
    if (!range.isLong) return smallInteger(text, Number(range.min), Number(range.max));
    return integer.test(text) ? heldInteger(BigInt(text), range) : undefined;
  }
  switch (type) {
    case ScalarType.BOOL:
      return text === "true" ? true : text === "false" ? false : undefined;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return float(type, text);
    case ScalarType.BYTES:
      // Without blanks: an unescaped + of a query is one by now.
      return bytesFromBase64(text);
    default:
      return text;
  }
}

const signed = "an integer from -2147483648 to 2147483647";
const unsigned = "an integer from 0 to 4294967295";
const longSigned = "an integer of 64 bits";
const longUnsigned = "an unsigned integer of 64 bits";

const scalarExpectation: Readonly<Record<ScalarType, string>> = {
  [ScalarType.STRING]: "text",
  [ScalarType.BOOL]: "true or false",
  [ScalarType.INT32]: signed,
  [ScalarType.SINT32]: signed,
  [ScalarType.SFIXED32]: signed,
  [ScalarType.UINT32]: unsigned,
  [ScalarType.FIXED32]: unsigned,
  [ScalarType.INT64]: longSigned,
  [ScalarType.SINT64]: longSigned,
  [ScalarType.SFIXED64]: longSigned,
  [ScalarType.UINT64]: longUnsigned,
  [ScalarType.FIXED64]: longUnsigned,
  [ScalarType.FLOAT]: "a number of 32 bits, NaN, Infinity or -Infinity",
  [ScalarType.DOUBLE]: "a number, NaN, Infinity or -Infinity",
  [ScalarType.BYTES]: "base64",
};

/** Words for what texts of a scalar type must be. */
export function expectationOf(type: ScalarType): string {
  return scalarExpectation[type];
}
