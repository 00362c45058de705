/** Messages as JSON values, also where protobuf's own mapping has no word for what they hold. */

import {
  type DescField,
  type DescMessage,
  type JsonValue,
  type JsonWriteOptions,
  type Message,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { jsonWithMasks } from "./json-mask.ts";

/** The message as JSON. A field mask is written whatever its paths are. */
export function messageJson(
  desc: DescMessage,
  message: Message,
  writing: Partial<JsonWriteOptions>,
): JsonValue {
  try {
    return toJson(desc, message, writing) ?? null;
  } catch (thrown) {
    const json = jsonWithMasks(desc, message, writing);
    if (json === undefined) throw thrown;
    return json;
  }
}

/** Types whose JSON is no object, so that one that is not set can be distinguished from one that is empty. */
const nullable = new Set([
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.FieldMask",
  "google.protobuf.Value",
]);

function emptyMessage(desc: DescMessage): JsonValue {
  if (desc.typeName === "google.protobuf.ListValue") return [];
  return nullable.has(desc.typeName) || isWrapperDesc(desc) ? null : {};
}

const zeros: Readonly<Partial<Record<ScalarType, JsonValue>>> = {
  [ScalarType.STRING]: "",
  [ScalarType.BYTES]: "",
  [ScalarType.BOOL]: false,
  [ScalarType.INT64]: "0",
  [ScalarType.SINT64]: "0",
  [ScalarType.SFIXED64]: "0",
  [ScalarType.UINT64]: "0",
  [ScalarType.FIXED64]: "0",
};

function scalarJson(value: unknown): JsonValue {
  if (typeof value === "bigint") return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString("base64");
  return typeof value === "number" && !Number.isFinite(value)
    ? String(value)
    : (value as JsonValue);
}

/** What a field that is not set says: its default, an empty list or object, or null where neither fits. */
export function emptyJson(field: DescField, enumAsInteger: boolean): JsonValue {
  if (field.fieldKind === "list") return [];
  if (field.fieldKind === "map") return {};
  if (field.fieldKind === "message") return emptyMessage(field.message);
  const value = field.getDefaultValue();
  if (field.fieldKind === "scalar") {
    return value === undefined ? (zeros[field.scalar] ?? 0) : scalarJson(value);
  }
  const { typeName, values } = field.enum;
  if (typeName === "google.protobuf.NullValue") return null;
  const shown = values.find(({ number }) => number === value) ?? values[0];
  return (enumAsInteger ? shown?.number : shown?.jsonName) ?? null;
}
