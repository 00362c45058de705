/** Fills the field mask that a PATCH left out from the fields that its body names. */

import { create, type DescField, type DescMessage, type Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { FieldMaskSchema } from "@bufbuild/protobuf/wkt";

type JsonObject = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Messages whose JSON does not name fields of theirs. */
function isOpaque(message: DescMessage): boolean {
  return message.typeName.startsWith("google.protobuf.");
}

function collect(desc: DescMessage, value: JsonObject, prefix: string, paths: string[]): void {
  for (const [key, inner] of Object.entries(value)) {
    const field = desc.fields.find(({ name, jsonName }) => name === key || jsonName === key);
    if (field === undefined) continue;
    const path = prefix + field.name;
    const nested = field.fieldKind === "message" && !isOpaque(field.message) && isObject(inner);
    if (nested && Object.keys(inner).length > 0) collect(field.message, inner, `${path}.`, paths);
    else paths.push(path);
  }
}

/** Sets `mask` of `message` to `paths`, sorted. */
export function setMask(
  message: Message,
  mask: DescField & { readonly fieldKind: "message" },
  paths: Iterable<string>,
): void {
  const filled = create(FieldMaskSchema, {
    paths: [...paths].sort((one, other) => (one < other ? -1 : 1)),
  });
  reflect(mask.parent, message).set(mask, reflect(FieldMaskSchema, filled));
}

/**
 * Sets `mask` of `message` to the paths that the JSON text `body` names, down to lists, maps and
 * values, sorted; they count from `resource`, the field that the body is.
 */
export function fillMask(
  message: Message,
  mask: DescField & { readonly fieldKind: "message" },
  resource: DescField,
  body: string,
): void {
  const value: unknown = JSON.parse(body);
  if (resource.fieldKind !== "message" || !isObject(value)) return;
  const paths: string[] = [];
  collect(resource.message, value, "", paths);
  setMask(message, mask, paths);
}
