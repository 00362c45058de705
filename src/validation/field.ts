/** The rules of a field as a predicate of the message that has it. */

import {
  create,
  type DescField,
  getOption,
  isFieldSet,
  type Message,
  ScalarType,
} from "@bufbuild/protobuf";
import { type ScalarValue, scalarEquals, scalarZeroValue } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import {
  type FieldRules,
  FieldRulesSchema,
  field as fieldRules,
  Ignore,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { type Allows, allOf, always } from "./allows.ts";
import type { ValueKind } from "./scalar-rules.ts";
import { standardRules } from "./standard-rules.ts";

type Properties = Readonly<Record<string, unknown>>;

/** The zero of a scalar or an enum; messages have none. */
function isZero({ scalar = ScalarType.INT32, enum: named }: ValueKind): Allows<unknown> {
  const zero = named === undefined ? scalarZeroValue(scalar, false) : named.values[0]?.number;
  return (value) => scalarEquals(scalar, value as ScalarValue, zero);
}

/** An item of a list, a key or a value of a map. */
function element(
  of: ValueKind,
  rules: FieldRules = create(FieldRulesSchema),
  within: Allows<unknown> = always,
): Allows<unknown> | undefined {
  const allows = allOf([standardRules(rules, of), within]);
  if (allows === undefined || allows === always) return allows;
  if (rules.ignore === Ignore.ALWAYS) return always;
  if (rules.ignore !== Ignore.IF_ZERO_VALUE) return allows;
  const isIgnored = isZero(of);
  return (value) => isIgnored(value) || allows(value);
}

function everyItem(allows: Allows<unknown> | undefined): Allows<readonly unknown[]> | undefined {
  if (allows === undefined || allows === always) return allows;
  return (list) => {
    for (const item of list) if (!allows(item)) return false;
    return true;
  };
}

function everyEntry(
  allowsKey: Allows<unknown> | undefined,
  allowsValue: Allows<unknown> | undefined,
): Allows<Properties> | undefined {
  if (allowsKey === undefined || allowsValue === undefined) return undefined;
  if (allowsKey === always && allowsValue === always) return always;
  return (map) => {
    for (const key of Object.keys(map)) {
      if (!(allowsKey(key) && allowsValue(map[key]))) return false;
    }
    return true;
  };
}

/** The value as the message has it: a list or map whole. */
function valueRule(field: DescField, within: Allows<unknown>): Allows<never> | undefined {
  const rules = getOption(field, fieldRules);
  const { type } = rules;
  if (field.fieldKind === "list") {
    const items = type.case === "repeated" ? type.value.items : undefined;
    const whole = standardRules(rules, field, "repeated");
    return allOf<readonly unknown[]>([whole, everyItem(element(field, items, within))]);
  }
  if (field.fieldKind === "map") {
    const { keys, values } = type.case === "map" ? type.value : {};
    const key = element({ scalar: field.mapKey, enum: undefined, message: undefined }, keys);
    // Keys of other types are text in the message.
    const known = field.mapKey === ScalarType.STRING || key === always ? key : undefined;
    const whole = standardRules(rules, field, "map");
    return allOf<Properties>([whole, everyEntry(known, element(field, values, within))]);
  }
  return allOf([standardRules(rules, field), within]);
}

function readerOf({ localName, oneof }: DescField): (message: Message) => unknown {
  const name = oneof?.localName ?? localName;
  const property = (message: Message) => (message as unknown as Properties)[name];
  if (oneof === undefined) return property;
  return (message) => (property(message) as Properties).value;
}

/**
 * What the rules of `field` allow of its message, with `within` for a message in it. Undefined where
 * the library has to decide.
 */
export function fieldRule(field: DescField, within: Allows<unknown>): Allows<Message> | undefined {
  const { ignore, required } = getOption(field, fieldRules);
  const allows = valueRule(field, within) as Allows<unknown> | undefined;
  if (allows === undefined) return undefined;
  if (ignore === Ignore.ALWAYS || (allows === always && !required)) return always;
  const read = readerOf(field);
  const isSkippedUnset =
    field.presence !== FeatureSet_FieldPresence.IMPLICIT || ignore === Ignore.IF_ZERO_VALUE;
  if (!isSkippedUnset && !required) return (message) => allows(read(message));
  return (message) => (isFieldSet(message, field) ? allows(read(message)) : !required);
}
