/** Finds the innermost message of a JSON value that does not fit its type. Pure. */

import {
  type DescField,
  type DescMessage,
  fromJson,
  type JsonReadOptions,
  type JsonValue,
} from "@bufbuild/protobuf";
import { isTextual } from "./text-message.ts";

/** A part of a JSON value that should be a message. */
export interface JsonPart {
  readonly desc: DescMessage;
  readonly value: JsonValue;
  /** Proto names from the whole value, such as `messages[0].tools`; empty for the whole. */
  readonly path: string;
}

/** A part that does not fit, and what its reader threw. */
export interface JsonFailure extends JsonPart {
  readonly thrown: unknown;
}

/** Levels below the whole that are looked into: each reads its part once more. */
const depthMax = 8;

function* partsOfField(field: DescField, value: JsonValue, path: string): Iterable<JsonPart> {
  const desc = field.message;
  if (desc === undefined) return;
  if (field.fieldKind === "message") {
    yield { desc, value, path };
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      yield { desc, value: item, path: `${path}[${index}]` };
    }
  } else if (field.fieldKind === "map" && typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      yield { desc, value: item, path: `${path}[${key}]` };
    }
  }
}

function* partsOf({ desc, value, path }: JsonPart): Iterable<JsonPart> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return;
  if (isTextual(desc) || desc.typeName === "google.protobuf.Any") return;
  for (const [key, inner] of Object.entries(value)) {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined || inner === null) continue;
    yield* partsOfField(field, inner, path === "" ? field.name : `${path}.${field.name}`);
  }
}

/** The innermost part that does not fit; undefined when all do. */
export function jsonFailure(
  part: JsonPart,
  reading: Partial<JsonReadOptions>,
  depth = 0,
): JsonFailure | undefined {
  let thrown: unknown;
  try {
    fromJson(part.desc, part.value, reading);
    return undefined;
  } catch (error) {
    thrown = error;
  }
  if (depth < depthMax) {
    for (const inner of partsOf(part)) {
      const failure = jsonFailure(inner, reading, depth + 1);
      if (failure !== undefined) return failure;
    }
  }
  return { ...part, thrown };
}
