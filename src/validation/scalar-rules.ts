/** Protovalidate's rules of single values as predicates, each under the name of its rule. */

import type { DescField } from "@bufbuild/protobuf";
import type {
  BytesRules,
  EnumRules,
  StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Allows, allOf, always } from "./allows.ts";
import { charactersWithin, sizeWithin } from "./length.ts";

/** What a value is, by the one that is defined; of a list or map: what its items or values are. */
export interface ValueKind extends Pick<DescField, "scalar" | "enum" | "message"> {
  /** 64-bit integers that a message has as text, which is not what rules compare with. */
  readonly longAsString?: boolean;
}

/** Predicates by rule. What is not here, patterns and formats above all, is for the library. */
export type Known<Rules, T> = {
  readonly [name in keyof Rules]?: (rules: Rules, of: ValueKind) => Allows<T> | undefined;
};

/** Any of them; that rules and values are of its types is the descriptor's promise. */
export type Table = Readonly<
  Record<string, ((rules: never, of: ValueKind) => Allows<never> | undefined) | undefined>
>;

interface Choice<T> {
  readonly const: T;
  readonly in: readonly T[];
  readonly notIn: readonly T[];
  readonly example: readonly T[];
}

function choice<T>(): Known<Choice<T>, T> {
  return {
    const: (rules) => (value) => value === rules.const,
    // includes() would find NaN, which by the rules equals nothing.
    in: (rules) => (value) => rules.in.indexOf(value) >= 0,
    notIn: (rules) => (value) => rules.notIn.indexOf(value) < 0,
    example: () => always,
  };
}

type Numeric = number | bigint;

type Bound<Rule> =
  | { readonly case: Rule; readonly value: Numeric }
  | { readonly case: undefined; readonly value?: undefined };

/** What the rules of the twelve numeric types have in common; `finite` is of floating point alone. */
interface NumericRules extends Choice<Numeric> {
  readonly greaterThan: Bound<"gt" | "gte">;
  readonly lessThan: Bound<"lt" | "lte">;
  readonly finite?: boolean;
}

function above(low: Bound<"gt" | "gte">): Allows<Numeric> {
  if (low.case === undefined) return always;
  const min = low.value;
  return low.case === "gt" ? (value) => value > min : (value) => value >= min;
}

function below(high: Bound<"lt" | "lte">): Allows<Numeric> {
  if (high.case === undefined) return always;
  const max = high.value;
  return high.case === "lt" ? (value) => value < max : (value) => value <= max;
}

/** A lower bound beyond the upper one allows what is outside of the two. */
function range({ greaterThan: low, lessThan: high }: NumericRules): Allows<Numeric> | undefined {
  const [isAbove, isBelow] = [above(low), below(high)];
  return low.case !== undefined && high.case !== undefined && high.value < low.value
    ? (value) => isAbove(value) || isBelow(value)
    : allOf([isAbove, isBelow]);
}

/** Of every scalar that `singleTables` does not have. */
export const numbers: Known<NumericRules, Numeric> = {
  ...choice(),
  greaterThan: range,
  lessThan: (rules) => (rules.greaterThan.case === undefined ? range(rules) : always),
  finite: ({ finite }) => (finite === true ? Number.isFinite : always),
};

const strings: Known<StringRules, string> = {
  ...choice(),
  len: ({ len }) => charactersWithin(len, len),
  minLen: ({ minLen }) => charactersWithin(minLen),
  maxLen: ({ maxLen }) => charactersWithin(0n, maxLen),
  lenBytes: ({ lenBytes }) => sizeWithin(Buffer.byteLength, lenBytes, lenBytes),
  minBytes: ({ minBytes }) => sizeWithin(Buffer.byteLength, minBytes),
  maxBytes: ({ maxBytes }) => sizeWithin(Buffer.byteLength, 0n, maxBytes),
  prefix: (rules) => (value) => value.startsWith(rules.prefix),
  suffix: (rules) => (value) => value.endsWith(rules.suffix),
  contains: (rules) => (value) => value.includes(rules.contains),
  notContains: (rules) => (value) => !value.includes(rules.notContains),
};

/** Number of items or bytes. */
export const lengthOf = ({ length }: { readonly length: number }) => length;

const bytes: Known<BytesRules, Uint8Array> = {
  len: ({ len }) => sizeWithin(lengthOf, len, len),
  minLen: ({ minLen }) => sizeWithin(lengthOf, minLen),
  maxLen: ({ maxLen }) => sizeWithin(lengthOf, 0n, maxLen),
  example: () => always,
};

const enums: Known<EnumRules, number> = {
  ...choice(),
  definedOnly({ definedOnly }, of) {
    const defined = new Set(of.enum?.values.map(({ number }) => number));
    return definedOnly ? (value) => defined.has(value) : always;
  },
};

/** By the name that the kind of rules has among FieldRules. */
export const singleTables: Readonly<Record<string, Table>> = {
  string: strings,
  bytes,
  bool: choice<boolean>(),
  enum: enums,
};
