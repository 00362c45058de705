/** How a JSON value that is neither list nor object becomes the value of a field. */

import { type DescEnum, type DescField, ScalarType } from "@bufbuild/protobuf";
import { bytesFromLines } from "./base64.ts";
import type { Cursor } from "./cursor.ts";
import {
  exactInteger,
  expectationOf,
  heldFloat,
  heldInteger,
  type IntegerRange,
  integerRangeOf,
  scalarFrom,
} from "./scalar.ts";

/** What a null says where it is no value: the field is not set. */
export const unset: unique symbol = Symbol("unset");
/** What is skipped silently. */
export const ignored: unique symbol = Symbol("ignored");

/** Each returns undefined for what is not of the field's type. */
export interface Leaf {
  /** Words for what is. */
  readonly expected: string;
  /** A list of such values is one of numbers, which take little memory. */
  readonly isNumber: boolean;
  /** Greatest finite number where the values are floats: lists of them are long, and read in stretches. */
  readonly floatMax?: number;
  text(text: string): unknown;
  /** The cursor is after the number. */
  number(value: number, cursor: Cursor): unknown;
  literal(value: boolean | null): unknown;
}

function never(): undefined {
  return undefined;
}

function nullOnly(value: boolean | null): typeof unset | undefined {
  return value === null ? unset : undefined;
}

/** A leaf that is written as a string alone. */
export function textLeaf(expected: string, text: (text: string) => unknown): Leaf {
  return { expected, isNumber: false, text, number: never, literal: nullOnly };
}

/** Integers of as many characters are exact as doubles. */
const exactChars = 15;

function integerLeaf(type: ScalarType, range: IntegerRange): Leaf {
  const [least, most] = [Number(range.min), Number(range.max)];
  const exact = (text: string) => {
    const value = exactInteger(text);
    return value === undefined ? undefined : heldInteger(value, range);
  };
  return {
    expected: expectationOf(type),
    isNumber: true,
    text: exact,
    number(value, cursor) {
      if (cursor.at - cursor.numberAt > exactChars) return exact(cursor.numberText());
      if (!Number.isSafeInteger(value) || value < least || value > most) return undefined;
      // Without the sign of zero.
      return range.isLong ? BigInt(value) : value + 0;
    },
    literal: nullOnly,
  };
}

/** Of 32 bits; what rounds to it is left to the way of single numbers. */
const floatMax = 3.4028234663852886e38;

function floatLeaf(type: ScalarType): Leaf {
  return {
    expected: expectationOf(type),
    isNumber: true,
    floatMax: type === ScalarType.FLOAT ? floatMax : Number.MAX_VALUE,
    text: (text) => scalarFrom(type, text),
    number: (value) => heldFloat(type, value),
    literal: nullOnly,
  };
}

const boolLeaf: Leaf = {
  expected: expectationOf(ScalarType.BOOL),
  isNumber: true,
  text: never,
  number: never,
  literal: (value) => value ?? unset,
};

function makeScalarLeaf(type: ScalarType): Leaf {
  const range = integerRangeOf(type);
  if (range !== undefined) return integerLeaf(type, range);
  switch (type) {
    case ScalarType.BOOL:
      return boolLeaf;
    case ScalarType.FLOAT:
    case ScalarType.DOUBLE:
      return floatLeaf(type);
    case ScalarType.BYTES:
      return textLeaf(expectationOf(type), bytesFromLines);
    default:
      return textLeaf(expectationOf(type), (text) => text);
  }
}

const scalarLeaves = new Map<ScalarType, Leaf>();

/** The values of a scalar type; those of 64 bits are bigints. */
function scalarLeaf(type: ScalarType): Leaf {
  let leaf = scalarLeaves.get(type);
  if (leaf === undefined) {
    leaf = makeScalarLeaf(type);
    scalarLeaves.set(type, leaf);
  }
  return leaf;
}

/** A leaf whose values become something else. */
export function mapped(leaf: Leaf, become: (value: unknown) => unknown): Leaf {
  const held = (value: unknown) =>
    value === undefined || value === unset || value === ignored ? value : become(value);
  return {
    ...leaf,
    text: (text) => held(leaf.text(text)),
    number: (value, cursor) => held(leaf.number(value, cursor)),
    literal: (value) => held(leaf.literal(value)),
  };
}

/** The scalars of a field, held as the field says. */
export function scalarFieldLeaf({ scalar, longAsString }: ScalarField): Leaf {
  const leaf = scalarLeaf(scalar);
  return longAsString === true && integerRangeOf(scalar)?.isLong ? mapped(leaf, String) : leaf;
}

interface ScalarField {
  readonly scalar: ScalarType;
  readonly longAsString?: boolean;
}

/** Names of an enum that an error lists before it leaves the rest out. */
const enumNamesMax = 20;

/** Words for what an enum's values are. */
export function expectationOfEnum({ values }: DescEnum): string {
  const names = values.slice(0, enumNamesMax).map(({ name }) => name);
  return `one of ${names.join(", ")}${values.length > enumNamesMax ? ", …" : ""}`;
}

const leastInt32 = -0x8000_0000;
const mostInt32 = 0x7fff_ffff;

/** Whether an enum's field may hold a number: open ones hold any int32. */
export function enumHolds({ open, values }: DescEnum, number: number): boolean {
  if (!Number.isInteger(number) || number < leastInt32 || number > mostInt32) return false;
  return open || values.some((value) => value.number === number);
}

/** The values of an enum; with `ignoresUnknown` names that it has not are passed over. */
function enumLeaf(type: DescEnum, ignoresUnknown: boolean): Leaf {
  const numbers = new Map([
    ...type.values.map(({ jsonName, number }): [string, number] => [jsonName, number]),
    ...type.values.map(({ name, number }): [string, number] => [name, number]),
  ]);
  const isNull = type.typeName === "google.protobuf.NullValue";
  return {
    expected: isNull ? "null" : expectationOfEnum(type),
    isNumber: true,
    text: (text) => numbers.get(text) ?? (ignoresUnknown ? ignored : undefined),
    number: (value) => (enumHolds(type, value) ? value + 0 : undefined),
    literal: (value) => (value !== null ? undefined : isNull ? 0 : unset),
  };
}

/** Scalars and enums of a field; undefined for messages. */
export function fieldLeaf(field: DescField, ignoresUnknown: boolean): Leaf | undefined {
  if (field.enum !== undefined) return enumLeaf(field.enum, ignoresUnknown);
  return field.scalar === undefined ? undefined : scalarFieldLeaf(field);
}
