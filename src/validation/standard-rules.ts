/** Protovalidate's standard rules of a value, a list or a map as one predicate. */

import { ScalarType } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type FieldRules,
  FieldRulesSchema,
  type MapRules,
  type RepeatedRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Allows, allOf, always } from "./allows.ts";
import { sizeWithin } from "./length.ts";
import {
  type Known,
  lengthOf,
  numbers,
  singleTables,
  type Table,
  type ValueKind,
} from "./scalar-rules.ts";

const lists: Known<RepeatedRules, readonly unknown[]> = {
  minItems: ({ minItems }) => sizeWithin(lengthOf, minItems),
  maxItems: ({ maxItems }) => sizeWithin(lengthOf, 0n, maxItems),
  unique({ unique }, of) {
    if (!unique) return always;
    // A set tells messages and bytes apart by identity.
    if (of.message !== undefined || of.scalar === ScalarType.BYTES) return undefined;
    return (list) => new Set(list).size === list.length;
  },
  // Of each item, not of the list.
  items: () => always,
};

const pairsOf = (map: object) => Object.keys(map).length;

const maps: Known<MapRules, object> = {
  minPairs: ({ minPairs }) => sizeWithin(pairsOf, minPairs),
  maxPairs: ({ maxPairs }) => sizeWithin(pairsOf, 0n, maxPairs),
  keys: () => always,
  values: () => always,
};

const tables: Readonly<Record<string, Table>> = { ...singleTables, repeated: lists, map: maps };

function kindOf({ scalar, enum: named }: ValueKind): string | undefined {
  if (scalar !== undefined) return ScalarType[scalar].toLowerCase();
  return named === undefined ? undefined : "enum";
}

/**
 * What the rules of a value allow, or with `kind` those of a list or map as a whole. Undefined where
 * the library has to decide: rules that are in CEL, not known, or not of the value's type.
 */
export function standardRules(
  rules: FieldRules,
  of: ValueKind,
  kind?: "repeated" | "map",
): Allows<unknown> | undefined {
  const { case: name, value } = rules.type;
  if (rules.cel.length + rules.celExpression.length > 0) return undefined;
  if (name === undefined) return always;
  const schema = FieldRulesSchema.field[name].message;
  if (schema === undefined || name !== (kind ?? kindOf(of))) return undefined;
  // Extensions are predefined rules.
  if (value.$unknown !== undefined || of.longAsString === true) return undefined;
  const set = reflect(schema, value);
  const table: Table = tables[name] ?? numbers;
  return allOf(
    schema.members
      .filter((each) =>
        each.kind === "field" ? set.isSet(each) : set.oneofCase(each) !== undefined,
      )
      .map(
        ({ localName }) => table[localName]?.(value as never, of) as Allows<unknown> | undefined,
      ),
  );
}
