/** Protovalidate's rules of single values, each under the name of its rule. */

import { type DescField, ScalarType } from "@bufbuild/protobuf";
import type {
  BytesRules,
  EnumRules,
  StringRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { always, type Predicate, type Rule } from "./check.ts";
import { atLeast, atMost, charactersWithin, exactly, sizeWithin, sizeWords } from "./length.ts";
import { plainPattern } from "./pattern.ts";

/** What a value is, by the one that is defined; of a list or map: what its items or values are. */
export interface ValueKind extends Pick<DescField, "scalar" | "enum" | "message"> {
  /** 64-bit integers that a message has as text, which is not what rules compare with. */
  readonly longAsString?: boolean;
}

/** Rules by name. What is not here, most formats above all, is for the library, and so is undefined. */
export type Known<Rules, T> = {
  readonly [name in keyof Rules]?: (rules: Rules, of: ValueKind) => Rule<T> | undefined;
};

/** Any of them; that rules and values are of its types is the descriptor's promise. */
export type Table = Readonly<
  Record<string, ((rules: never, of: ValueKind) => Rule<never> | undefined) | undefined>
>;

/** Says nothing of any value. */
export const noRule: Rule<unknown> = { allows: always, expected: "" };

interface Choice<T> {
  readonly const: T;
  readonly in: readonly T[];
  readonly notIn: readonly T[];
  readonly example: readonly T[];
}

function choice<T>(equal = (value: T) => `must equal ${value}`): Known<Choice<T>, T> {
  return {
    const: (rules) => ({
      allows: (value) => value === rules.const,
      expected: equal(rules.const),
    }),
    // includes() would find NaN, which by the rules equals nothing.
    in: (rules) => ({
      allows: (value) => rules.in.indexOf(value) >= 0,
      expected: `must be in list [${rules.in.join(", ")}]`,
    }),
    notIn: (rules) => ({
      allows: (value) => rules.notIn.indexOf(value) < 0,
      expected: `must not be in list [${rules.notIn.join(", ")}]`,
    }),
    example: () => noRule,
  };
}

type Numeric = number | bigint;

type Bound<Name> =
  | { readonly case: Name; readonly value: Numeric }
  | { readonly case: undefined; readonly value?: undefined };

/** What the rules of the twelve numeric types have in common; `finite` is of floating point alone. */
interface NumericRules extends Choice<Numeric> {
  readonly greaterThan: Bound<"gt" | "gte">;
  readonly lessThan: Bound<"lt" | "lte">;
  readonly finite?: boolean;
}

function above(low: Bound<"gt" | "gte">): Rule<Numeric> {
  if (low.case === undefined) return noRule;
  const min = low.value;
  return low.case === "gt"
    ? { allows: (value) => value > min, expected: `greater than ${min}` }
    : { allows: (value) => value >= min, expected: `greater than or equal to ${min}` };
}

function below(high: Bound<"lt" | "lte">): Rule<Numeric> {
  if (high.case === undefined) return noRule;
  const max = high.value;
  return high.case === "lt"
    ? { allows: (value) => value < max, expected: `less than ${max}` }
    : { allows: (value) => value <= max, expected: `less than or equal to ${max}` };
}

/** A lower bound beyond the upper one allows what is outside of the two. One that is no number is the library's. */
function range({ greaterThan: low, lessThan: high }: NumericRules): Rule<Numeric> | undefined {
  if (Number.isNaN(low.value) || Number.isNaN(high.value)) return undefined;
  const [least, most] = [above(low), below(high)];
  if (low.case === undefined || high.case === undefined) {
    const { allows, expected } = low.case === undefined ? most : least;
    return { allows, expected: `must be ${expected}` };
  }
  return high.value < low.value
    ? {
        allows: (value) => least.allows(value) || most.allows(value),
        expected: `must be ${least.expected} or ${most.expected}`,
      }
    : {
        allows: (value) => least.allows(value) && most.allows(value),
        expected: `must be ${least.expected} and ${most.expected}`,
      };
}

/** Of every scalar that `singleTables` does not have. */
export const numbers: Known<NumericRules, Numeric> = {
  ...choice(),
  greaterThan: range,
  lessThan: (rules) => (rules.greaterThan.case === undefined ? range(rules) : noRule),
  finite: ({ finite }) =>
    finite === true ? { allows: Number.isFinite, expected: "must be finite" } : noRule,
};

const characters = sizeWords.characters;
const byteCount = sizeWords.bytes;
const utf8BytesWithin: Parameters<typeof atMost<string>>[1] = (bounds) =>
  sizeWithin(Buffer.byteLength, bounds);

function text(allows: Predicate<string>, expected: string): Rule<string> {
  return { allows, expected };
}

const strings: Known<StringRules, string> = {
  ...choice((value) => `must equal \`${value}\``),
  len: ({ len }) => exactly(len, charactersWithin, characters),
  minLen: ({ minLen }) => atLeast(minLen, charactersWithin, characters),
  maxLen: ({ maxLen }) => atMost(maxLen, charactersWithin, characters),
  lenBytes: ({ lenBytes }) => exactly(lenBytes, utf8BytesWithin, byteCount),
  minBytes: ({ minBytes }) => atLeast(minBytes, utf8BytesWithin, byteCount),
  maxBytes: ({ maxBytes }) => atMost(maxBytes, utf8BytesWithin, byteCount),
  pattern({ pattern }) {
    const expression = plainPattern(pattern);
    if (expression === undefined) return undefined;
    return text((value) => expression.test(value), `does not match regex pattern \`${pattern}\``);
  },
  prefix: ({ prefix }) =>
    text((value) => value.startsWith(prefix), `does not have prefix \`${prefix}\``),
  suffix: ({ suffix }) =>
    text((value) => value.endsWith(suffix), `does not have suffix \`${suffix}\``),
  contains: ({ contains }) =>
    text((value) => value.includes(contains), `does not contain substring \`${contains}\``),
  notContains: ({ notContains }) =>
    text((value) => !value.includes(notContains), `contains substring \`${notContains}\``),
};

/** Number of items or bytes. */
export const lengthOf = ({ length }: { readonly length: number }) => length;

const bytesWithin: Parameters<typeof atMost<Uint8Array>>[1] = (bounds) =>
  sizeWithin(lengthOf, bounds);

const bytes: Known<BytesRules, Uint8Array> = {
  len: ({ len }) => exactly(len, bytesWithin, byteCount),
  minLen: ({ minLen }) => atLeast(minLen, bytesWithin, byteCount),
  maxLen: ({ maxLen }) => atMost(maxLen, bytesWithin, byteCount),
  example: () => noRule,
};

const enums: Known<EnumRules, number> = {
  ...choice(),
  definedOnly({ definedOnly }, of) {
    if (!definedOnly) return noRule;
    const defined = new Set(of.enum?.values.map(({ number }) => number));
    return {
      allows: (value) => defined.has(value),
      expected: "value must be one of the defined enum values",
    };
  },
};

/** By the name that the kind of rules has among FieldRules. */
export const singleTables: Readonly<Record<string, Table>> = {
  string: strings,
  bytes,
  bool: choice<boolean>(),
  enum: enums,
};

/** Whether values of a kind may be what is not equal to itself. */
export function mayBeNaN({ scalar }: ValueKind): boolean {
  return scalar === ScalarType.FLOAT || scalar === ScalarType.DOUBLE;
}
