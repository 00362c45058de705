/** Validation rules as the keywords of JSON Schema. */

import {
  type DescField,
  type DescMessage,
  getOption,
  hasOption,
  type JsonObject,
  type JsonValue,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import {
  FieldRulesSchema,
  field as fieldRules,
  message as messageRules,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";

/** Keywords by the name of the rule; rules without one are left to the server. */
const keywords: Readonly<Record<string, string>> = {
  const: "const",
  gt: "exclusiveMinimum",
  gte: "minimum",
  in: "enum",
  lt: "exclusiveMaximum",
  lte: "maximum",
  max_items: "maxItems",
  max_len: "maxLength",
  max_pairs: "maxProperties",
  min_items: "minItems",
  min_len: "minLength",
  min_pairs: "minProperties",
  pattern: "pattern",
  unique: "uniqueItems",
};

function jsonOf(value: unknown): JsonValue {
  if (typeof value === "bigint") return Number(value);
  return value as string | number | boolean;
}

/** The rules of one kind of value, such as buf.validate.StringRules. */
function keywordsOf(rules: ReflectMessage): JsonObject {
  const schema: JsonObject = {};
  for (const rule of rules.fields) {
    if (!rules.isSet(rule)) continue;
    const keyword = keywords[rule.name];
    if (rule.name === "items" && rule.fieldKind === "message") {
      schema.items = rulesOf(rules.get(rule));
    } else if (keyword !== undefined && rule.fieldKind === "list") {
      schema[keyword] = [...rules.get(rule)].map(jsonOf);
    } else if (keyword !== undefined && rule.fieldKind === "scalar") {
      schema[keyword] = jsonOf(rules.get(rule));
    }
  }
  return schema;
}

function rulesOf(rules: ReflectMessage): JsonObject {
  const kind = rules.fields.find((each) => each.oneof !== undefined && rules.isSet(each));
  // The length of bytes is not that of their base64, which is what a schema would measure.
  if (kind?.fieldKind !== "message" || kind.name === "bytes") return {};
  return keywordsOf(rules.get(kind));
}

/** What is demanded of a message as a whole, in words. */
export function demandsOf(message: DescMessage): readonly string[] {
  if (!hasOption(message, messageRules)) return [];
  return getOption(message, messageRules).cel.map((rule) => rule.message);
}

/** What a field's rules say in JSON Schema. */
export interface FieldConstraints {
  readonly schema: JsonObject;
  /** A request without the field is refused. */
  readonly required: boolean;
}

/** Whether rules hold for a field that is left out: not where one can see that it was. */
function isJudgedUnset({ presence, oneof }: DescField): boolean {
  return presence === FeatureSet_FieldPresence.IMPLICIT && oneof === undefined;
}

/** Whether an empty value breaks the rules. */
function demandsContent({ minLength, minItems }: JsonObject): boolean {
  const least = minLength ?? minItems ?? 0;
  return typeof least === "number" && least > 0;
}

/** Constraints of a field; none where it has no rules. */
export function constraintsOf(field: DescField): FieldConstraints {
  if (!hasOption(field, fieldRules)) return { schema: {}, required: false };
  const rules = getOption(field, fieldRules);
  const schema = rulesOf(reflect(FieldRulesSchema, rules));
  return { schema, required: rules.required || (isJudgedUnset(field) && demandsContent(schema)) };
}
