/** Turns one text into a message of a well-known type that is written as text. */

import {
  create,
  type DescMessage,
  fromJson,
  fromJsonString,
  type Message,
} from "@bufbuild/protobuf";
import { type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { FieldMaskSchema, isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { hasEndlessNumber } from "./json-number.ts";
import { expectationOf, scalarFrom } from "./scalar.ts";

/** A type that is written as text. */
interface TextualType {
  /** Words for what the text must be. */
  readonly expected: string;
  /** The message that a text writes. Undefined or any throw: none. */
  read(type: DescMessage, text: string): Message | undefined;
}

const duration = /^-?\d{1,12}(?:\.\d{1,9})?s$/;
const snakeName = "[a-z][a-z0-9]*(?:_[a-z0-9]+)*";
const maskPath = new RegExp(`^${snakeName}(?:\\.${snakeName})*$`);

/** A mask of paths in proto or JSON names; each must have both forms, or no answer could show it. */
function fieldMaskFrom(text: string): Message | undefined {
  if (text === "") return create(FieldMaskSchema);
  const paths = text.replace(/[A-Z]/g, (upper) => `_${upper.toLowerCase()}`).split(",");
  const isSound = paths.every((path) => maskPath.test(path) && !/_\d_/.test(path));
  return isSound ? create(FieldMaskSchema, { paths }) : undefined;
}

function finiteJson(type: DescMessage, text: string): Message | undefined {
  const message = fromJsonString(type, text);
  return hasEndlessNumber(text) ? undefined : message;
}

const textualTypes: ReadonlyMap<string, TextualType> = new Map([
  [
    "google.protobuf.Timestamp",
    { expected: "an RFC 3339 time such as 2026-01-31T12:00:00Z", read: fromJson },
  ],
  [
    "google.protobuf.Duration",
    {
      expected: "seconds such as 1.5s",
      read: (type, text) => (duration.test(text) ? fromJson(type, text) : undefined),
    },
  ],
  [
    "google.protobuf.FieldMask",
    { expected: "field paths separated by commas", read: (_type, text) => fieldMaskFrom(text) },
  ],
  ["google.protobuf.Struct", { expected: "a JSON object", read: finiteJson }],
  ["google.protobuf.Value", { expected: "a JSON value", read: finiteJson }],
  ["google.protobuf.ListValue", { expected: "a JSON array", read: finiteJson }],
]);

/** Whether a message of this type is written as one text instead of field by field. */
export function isTextual(type: DescMessage): boolean {
  return textualTypes.has(type.typeName) || isWrapperDesc(type);
}

/** Words for what a text of such a type must be; undefined for any other. */
export function expectationOfMessage(type: DescMessage): string | undefined {
  const [inner] = type.fields;
  if (isWrapperDesc(type) && inner?.scalar !== undefined) return expectationOf(inner.scalar);
  return textualTypes.get(type.typeName)?.expected;
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
    const message = textualTypes.get(type.typeName)?.read(type, text);
    return message === undefined ? undefined : reflect(type, message);
  } catch {
    return undefined;
  }
}
