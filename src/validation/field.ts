/** The rules of a field as a check of the message that has it. */

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
import { allOf, type Check, type Predicate, unchecked } from "./check.ts";
import type { ValueKind } from "./scalar-rules.ts";
import { standardRules } from "./standard-rules.ts";

type Properties = Readonly<Record<string, unknown>>;

/** The zero of a scalar or an enum; messages have none. */
function isZero({ scalar = ScalarType.INT32, enum: named }: ValueKind): Predicate<unknown> {
  const zero = named === undefined ? scalarZeroValue(scalar, false) : named.values[0]?.number;
  return (value) => scalarEquals(scalar, value as ScalarValue, zero);
}

/** The first check of the two that a value fails, if both are known. */
function both(
  first: Check<unknown> | undefined,
  second: Check<unknown> | undefined,
): Check<unknown> | undefined {
  if (first === undefined || second === undefined) return undefined;
  if (first === unchecked) return second;
  if (second === unchecked) return first;
  return {
    allows: allOf([first.allows, second.allows]),
    report(value, path, report) {
      const { report: tell } = first.allows(value) ? second : first;
      tell(value, path, report);
    },
  };
}

/** An item of a list, a key or a value of a map. */
function element(
  of: ValueKind,
  rules: FieldRules = create(FieldRulesSchema),
  within: Check<unknown> = unchecked,
): Check<unknown> | undefined {
  const check = both(standardRules(rules, of), within);
  if (check === undefined || check === unchecked) return check;
  if (rules.ignore === Ignore.ALWAYS) return unchecked;
  if (rules.ignore !== Ignore.IF_ZERO_VALUE || of.message !== undefined) return check;
  const isIgnored = isZero(of);
  return { ...check, allows: (value) => isIgnored(value) || check.allows(value) };
}

function everyItem(item: Check<unknown> | undefined): Check<unknown> | undefined {
  if (item === undefined || item === unchecked) return item;
  const { allows, report: tell } = item;
  return {
    allows(list) {
      for (const each of list as readonly unknown[]) if (!allows(each)) return false;
      return true;
    },
    report(list, path, report) {
      for (const [index, each] of (list as readonly unknown[]).entries()) {
        if (report.isFull) return;
        if (!allows(each)) tell(each, `${path}[${index}]`, report);
      }
    },
  };
}

/** How a key is reported: text in quotes. */
function keyTold(type: ScalarType, key: string): string {
  return type === ScalarType.STRING ? JSON.stringify(key) : key;
}

function everyEntry(
  keyType: ScalarType,
  key: Check<unknown> | undefined,
  value: Check<unknown> | undefined,
): Check<unknown> | undefined {
  if (key === undefined || value === undefined) return undefined;
  if (key === unchecked && value === unchecked) return unchecked;
  return {
    allows(map) {
      for (const name of Object.keys(map as Properties)) {
        if (!(key.allows(name) && value.allows((map as Properties)[name]))) return false;
      }
      return true;
    },
    report(map, path, report) {
      for (const name of Object.keys(map as Properties)) {
        if (report.isFull) return;
        const at = () => `${path}[${keyTold(keyType, name)}]`;
        const content = (map as Properties)[name];
        if (!key.allows(name)) key.report(name, at(), report);
        else if (!value.allows(content)) value.report(content, at(), report);
      }
    },
  };
}

/** The value as the message has it: a list or map whole, then what is in it. */
function valueCheck(field: DescField, within: Check<unknown>): Check<unknown> | undefined {
  const rules = getOption(field, fieldRules);
  const { type } = rules;
  if (field.fieldKind === "list") {
    const items = type.case === "repeated" ? type.value.items : undefined;
    const whole = standardRules(rules, field, "repeated");
    return both(whole, everyItem(element(field, items, within)));
  }
  if (field.fieldKind === "map") {
    const { keys, values } = type.case === "map" ? type.value : {};
    const key = element({ scalar: field.mapKey, enum: undefined, message: undefined }, keys);
    // Keys of other types are text in the message.
    const known = field.mapKey === ScalarType.STRING || key === unchecked ? key : undefined;
    const whole = standardRules(rules, field, "map");
    return both(whole, everyEntry(field.mapKey, known, element(field, values, within)));
  }
  return both(standardRules(rules, field), within);
}

function readerOf({ localName, oneof }: DescField): (message: Message) => unknown {
  const name = oneof?.localName ?? localName;
  const property = (message: Message) => (message as unknown as Properties)[name];
  if (oneof === undefined) return property;
  return (message) => (property(message) as Properties).value;
}

/** Whether a message has `field` set: the library's own answer, without its way to it where that is long. */
function presenceOf(field: DescField): (message: Message) => boolean {
  const { oneof, localName } = field;
  if (oneof !== undefined) {
    const group = oneof.localName;
    return (message) =>
      ((message as unknown as Properties)[group] as Properties).case === localName;
  }
  // Messages have no default that a prototype could hold.
  if (field.fieldKind === "message") {
    return (message) => (message as unknown as Properties)[localName] !== undefined;
  }
  return (message) => isFieldSet(message, field);
}

/**
 * What the rules of `field` say of its message, with `within` for a message in it. Undefined where the
 * library has to decide.
 */
export function fieldCheck(field: DescField, within: Check<unknown>): Check<Message> | undefined {
  const { ignore, required } = getOption(field, fieldRules);
  const check = valueCheck(field, within);
  if (check === undefined) return undefined;
  if (ignore === Ignore.ALWAYS || (check === unchecked && !required)) return unchecked;
  const { allows, report: tell } = check;
  const read = readerOf(field);
  const isSet = presenceOf(field);
  const { name } = field;
  const isSkippedUnset =
    field.presence !== FeatureSet_FieldPresence.IMPLICIT || ignore === Ignore.IF_ZERO_VALUE;
  const isAlwaysRead = !isSkippedUnset && !required;
  return {
    allows: isAlwaysRead
      ? (message) => allows(read(message))
      : (message) => (isSet(message) ? allows(read(message)) : !required),
    report(message, path, report) {
      const at = path === "" ? name : `${path}.${name}`;
      if (required && !isSet(message)) report.add(at, "value is required");
      else tell(read(message), at, report);
    },
  };
}
