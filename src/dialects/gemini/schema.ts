/** Gemini's own schemas, which are a part of OpenAPI's in the JSON of Protobuf, as JSON Schema. Pure. */

import { isObject, type Json } from "#dialects/json-object.ts";

function camelCase(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** Counts, which Protobuf writes as text since they have 64 bits. */
const counts: ReadonlySet<string> = new Set([
  ...["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"],
]);
/** What orders a response and what shows an example: no JSON Schema knows the one, or needs the other. */
const passedOver: ReadonlySet<string> = new Set(["nullable", "propertyOrdering", "example"]);

/** `type` in small letters, with `null` where the schema takes that. */
function typeOf({ type, nullable }: Json): Json {
  if (typeof type !== "string" || /^type_unspecified$/i.test(type)) return {};
  const name = type.toLowerCase();
  return { type: nullable === true && name !== "null" ? [name, "null"] : name };
}

function mapOf(schemas: unknown): unknown {
  if (!isObject(schemas)) return schemas;
  return Object.fromEntries(
    Object.entries(schemas).map(([name, schema]) => [name, jsonSchemaOf(schema)]),
  );
}

function fieldOf(name: string, value: unknown): unknown {
  switch (name) {
    case "properties":
    case "defs":
      return mapOf(value);
    case "anyOf":
    case "prefixItems":
      return Array.isArray(value) ? value.map(jsonSchemaOf) : value;
    case "items":
    case "additionalProperties":
      return jsonSchemaOf(value);
    default:
      return counts.has(name) && typeof value === "string" && /^\d{1,15}$/.test(value)
        ? Number(value)
        : value;
  }
}

/** Names that JSON Schema writes otherwise. */
const renamed: Readonly<Record<string, string>> = { defs: "$defs", ref: "$ref" };

/** The same schema in JSON Schema's words; what is none is as it was. */
export function jsonSchemaOf(schema: unknown): unknown {
  if (!isObject(schema)) return schema;
  const fields = Object.entries(schema).flatMap(([written, value]) => {
    const name = camelCase(written);
    if (name === "type" || passedOver.has(name)) return [];
    return [[renamed[name] ?? name, fieldOf(name, value)] as const];
  });
  return { ...typeOf(schema), ...Object.fromEntries(fields) };
}
