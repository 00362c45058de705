/** Protovalidate's standard rules of a value, a list or a map as one check. */

import { type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type FieldRules,
  FieldRulesSchema,
  type MapRules,
  type RepeatedRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { always, type Check, checkOf, type Rule, unchecked } from "./check.ts";
import { atLeast, atMost, type Bounds, sizeWithin, sizeWords } from "./length.ts";
import {
  type Known,
  lengthOf,
  mayBeNaN,
  noRule,
  numbers,
  singleTables,
  type Table,
  type ValueKind,
} from "./scalar-rules.ts";

const itemsWithin = (bounds: Bounds) => sizeWithin<readonly unknown[]>(lengthOf, bounds);

/** Whether no two are equal; NaN equals nothing. */
function isUnique(list: readonly unknown[], of: ValueKind): boolean {
  const different = new Set(list).size;
  if (different === list.length || !mayBeNaN(of)) return different === list.length;
  const values = list.filter((value) => !Number.isNaN(value));
  return new Set(values).size === values.length;
}

const lists: Known<RepeatedRules, readonly unknown[]> = {
  minItems: ({ minItems }) => atLeast(minItems, itemsWithin, sizeWords.items),
  maxItems: ({ maxItems }) => atMost(maxItems, itemsWithin, sizeWords.items),
  unique({ unique }, of) {
    if (!unique) return noRule;
    // A set tells messages and bytes apart by identity.
    if (of.message !== undefined || of.scalar === ScalarType.BYTES) return undefined;
    return {
      allows: (list) => isUnique(list, of),
      expected: "repeated value must contain unique items",
    };
  },
  // Of each item, not of the list.
  items: () => noRule,
};

const pairsWithin = (bounds: Bounds) =>
  sizeWithin<object>((map) => Object.keys(map).length, bounds);

const maps: Known<MapRules, object> = {
  minPairs: ({ minPairs }) => atLeast(minPairs, pairsWithin, sizeWords.pairs),
  maxPairs: ({ maxPairs }) => atMost(maxPairs, pairsWithin, sizeWords.pairs),
  keys: () => noRule,
  values: () => noRule,
};

const tables: Readonly<Record<string, Table>> = { ...singleTables, repeated: lists, map: maps };

function kindOf({ scalar, enum: named }: ValueKind): string | undefined {
  if (scalar !== undefined) return ScalarType[scalar].toLowerCase();
  return named === undefined ? undefined : "enum";
}

/**
 * The check of a value by its rules, or with `kind` that of a list or map as a whole. Undefined where
 * the library has to decide: rules that are in CEL, not known, or not of the value's type.
 */
export function standardRules(
  rules: FieldRules,
  of: ValueKind,
  kind?: "repeated" | "map",
): Check<unknown> | undefined {
  const { case: name, value } = rules.type;
  if (rules.cel.length + rules.celExpression.length > 0) return undefined;
  if (name === undefined) return unchecked;
  const schema = FieldRulesSchema.field[name].message;
  if (schema === undefined || name !== (kind ?? kindOf(of))) return undefined;
  // Extensions are predefined rules.
  if (value.$unknown !== undefined || of.longAsString === true) return undefined;
  const table: Table = tables[name] ?? numbers;
  const known = rulesOf(schema, value, (rule) => table[rule]?.(value as never, of));
  return known && checkOf(known);
}

/** The rules that are set, but for those that say nothing; undefined if one of them is not known. */
function rulesOf(
  schema: DescMessage,
  value: Message,
  ruleOf: (localName: string) => Rule<never> | undefined,
): Rule<unknown>[] | undefined {
  const set = reflect(schema, value);
  const known: Rule<unknown>[] = [];
  for (const member of schema.members) {
    const isSet = member.kind === "field" ? set.isSet(member) : set.oneofCase(member) !== undefined;
    if (!isSet) continue;
    const rule = ruleOf(member.localName);
    if (rule === undefined) return undefined;
    if (rule.allows !== always) known.push(rule as Rule<unknown>);
  }
  return known;
}
