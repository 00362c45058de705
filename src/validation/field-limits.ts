/** The bounds that protovalidate's rules set to single fields, for whoever reads messages. */

import { type DescField, getOption, ScalarType } from "@bufbuild/protobuf";
import {
  type FieldRules,
  field as fieldRules,
  Ignore,
} from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import type { FieldLimit, FieldLimits } from "#protobuf/field-limits.ts";
import { sizeWords } from "./length.ts";

/** UTF-8 has no longer characters. */
const characterBytesMax = 4;

/**
 * What the rules of a field let it hold at most, in the words in which a message is refused that has
 * been read. Whoever reads can thus refuse a value by its length alone.
 */
export function ruleLimits(field: DescField): FieldLimits {
  const rules = getOption(field, fieldRules);
  const { ignore, type } = rules;
  if (ignore === Ignore.ALWAYS) return {};
  switch (field.fieldKind) {
    case "scalar":
      return { valueBytes: valueBytes(rules, field.scalar) };
    case "list": {
      if (type.case !== "repeated") return {};
      const { maxItems, items } = type.value;
      return {
        items: limit(maxItems, sizeWords.items.most),
        valueBytes: valueBytes(items, field.scalar),
      };
    }
    case "map": {
      if (type.case !== "map") return {};
      const { keys, values } = type.value;
      return {
        keyBytes: valueBytes(keys, field.mapKey),
        valueBytes: valueBytes(values, field.scalar),
      };
    }
    default:
      return {};
  }
}

function limit(most: bigint, told: (most: bigint) => string, each = 1): FieldLimit | undefined {
  // The zero of a rule that is not set; a field that may hold nothing at all is left to validation.
  return most === 0n ? undefined : { max: Number(most) * each, expected: told(most) };
}

function valueBytes(
  rules: FieldRules | undefined,
  scalar: ScalarType | undefined,
): FieldLimit | undefined {
  if (rules === undefined || rules.ignore === Ignore.ALWAYS) return undefined;
  const { type } = rules;
  const { bytes, characters } = sizeWords;
  if (type.case === "bytes" && scalar === ScalarType.BYTES) {
    return limit(type.value.maxLen, bytes.most);
  }
  if (type.case !== "string" || scalar !== ScalarType.STRING) return undefined;
  return (
    limit(type.value.maxBytes, bytes.most) ??
    limit(type.value.maxLen, characters.most, characterBytesMax)
  );
}
