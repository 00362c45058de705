/** Turns one text into a message of a well-known type that is written as text. */

import { createRegistry, type DescMessage, type Message } from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { AnySchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { jsonLimits } from "#json/limits.ts";
import { JsonReader } from "#json/reader.ts";
import { expectationOf, scalarFrom } from "#json/scalar.ts";
import { expectations } from "#json/well-known.ts";

/** Types that are one JSON string, which is written without its quotes. */
const strings = new Set([
  "google.protobuf.Timestamp",
  "google.protobuf.Duration",
  "google.protobuf.FieldMask",
]);
/** Types that are written as the JSON that they are. */
const values = new Set([
  "google.protobuf.Struct",
  "google.protobuf.Value",
  "google.protobuf.ListValue",
]);

/** Longest JSON within one text, in characters: it is read in one go. */
const jsonCharsMax = 65_536;

// None of them holds a type that has to be looked up.
const reader = new JsonReader({ registry: createRegistry() });

/** Whether a message of this type is written as one text instead of field by field. */
function isTextual(type: DescMessage): boolean {
  return strings.has(type.typeName) || values.has(type.typeName) || isWrapperDesc(type);
}

/**
 * Whether the fields of a type can be named one by one. Those of an Any cannot: its bytes would not
 * be looked at before they are used.
 */
export function hasNamedFields(type: DescMessage): boolean {
  return !isTextual(type) && type.typeName !== AnySchema.typeName;
}

/** Whether texts of a type are JSON. */
export function isJsonText({ typeName }: DescMessage): boolean {
  return values.has(typeName);
}

/** Words for what a text of such a type must be; undefined for any other. */
export function expectationOfMessage(type: DescMessage): string | undefined {
  const [inner] = type.fields;
  if (isWrapperDesc(type) && inner?.scalar !== undefined) return expectationOf(inner.scalar);
  if (strings.has(type.typeName)) return expectations[type.typeName];
  if (!values.has(type.typeName)) return undefined;
  const { depthMax } = jsonLimits;
  return `${expectations[type.typeName]} of at most ${jsonCharsMax} characters and ${depthMax} levels`;
}

function read(type: DescMessage, text: string): Message | undefined {
  if (strings.has(type.typeName)) return reader.readNow(type, JSON.stringify(text));
  if (!values.has(type.typeName) || text.length > jsonCharsMax) return undefined;
  return reader.readNow(type, text);
}

/** The message that `text` writes; undefined when it writes none of this type. */
export function messageFrom(type: DescMessage, text: string): ReflectMessage | undefined {
  const [inner] = type.fields;
  if (isWrapperDesc(type) && inner?.scalar !== undefined) {
    const value = scalarFrom(inner.scalar, text);
    if (value === undefined) return undefined;
    const wrapper = reflect(type);
    wrapper.set(inner, value);
    return wrapper;
  }
  try {
    const message = read(type, text);
    return message === undefined ? undefined : reflect(type, message);
  } catch {
    return undefined;
  }
}
