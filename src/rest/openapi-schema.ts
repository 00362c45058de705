/** Messages as JSON Schema, in the form that the transcoder reads and writes them. */

import {
  type DescEnum,
  type DescField,
  type DescMessage,
  fromJson,
  type JsonObject,
  type JsonValue,
  ScalarType,
  toJson,
} from "@bufbuild/protobuf";
import { isWrapperDesc } from "@bufbuild/protobuf/wkt";
import { type Comments, describe } from "./comments.ts";
import type { JsonOptions } from "./json.ts";
import { constraintsOf, demandsOf } from "./openapi-rules.ts";

const signed32: JsonObject = { type: "integer", format: "int32" };
const unsigned32: JsonObject = { type: "integer", minimum: 0, maximum: 4294967295 };
const signed64: JsonObject = { type: "string", format: "int64", pattern: "^-?[0-9]+$" };
const unsigned64: JsonObject = { type: "string", format: "uint64", pattern: "^[0-9]+$" };

const scalars: Readonly<Record<ScalarType, JsonObject>> = {
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.BYTES]: { type: "string", contentEncoding: "base64" },
  [ScalarType.DOUBLE]: { type: "number", format: "double" },
  [ScalarType.FIXED32]: unsigned32,
  [ScalarType.FIXED64]: unsigned64,
  [ScalarType.FLOAT]: { type: "number", format: "float" },
  [ScalarType.INT32]: signed32,
  [ScalarType.INT64]: signed64,
  [ScalarType.SFIXED32]: signed32,
  [ScalarType.SFIXED64]: signed64,
  [ScalarType.SINT32]: signed32,
  [ScalarType.SINT64]: signed64,
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.UINT32]: unsigned32,
  [ScalarType.UINT64]: unsigned64,
};

/** Types whose JSON is not an object of their fields. */
const wellKnown: Readonly<Record<string, JsonObject>> = {
  "google.protobuf.Any": {
    type: "object",
    properties: { "@type": { type: "string" } },
    required: ["@type"],
  },
  "google.protobuf.Duration": { type: "string", pattern: "^-?[0-9]+(\\.[0-9]{1,9})?s$" },
  "google.protobuf.FieldMask": { type: "string" },
  "google.protobuf.ListValue": { type: "array", items: {} },
  "google.protobuf.Struct": { type: "object" },
  "google.protobuf.Timestamp": { type: "string", format: "date-time" },
  "google.protobuf.Value": {},
};

/** What a collector writes from and to. */
export interface SchemaSource {
  readonly comments: Comments;
  readonly json: JsonOptions;
  /** What follows the full name of a type in the name of its schema; empty for nothing. */
  readonly suffix: string;
  /** By name; grows while schemas are asked for. */
  readonly schemas: Record<string, JsonObject>;
}

/** Collects the schemas that methods with the same JSON options need. */
export class SchemaCollector {
  readonly #schemas: Record<string, JsonObject>;
  readonly #comments: Comments;
  readonly #json: JsonOptions;
  readonly #suffix: string;

  constructor({ comments, json, suffix, schemas }: SchemaSource) {
    this.#comments = comments;
    this.#json = json;
    this.#suffix = suffix;
    this.#schemas = schemas;
  }

  /** A reference to a message's schema, or the schema of a type that is written as one value. */
  message(type: DescMessage): JsonObject {
    const known = wellKnown[type.typeName];
    if (known !== undefined) return known;
    const [inner] = type.fields;
    if (isWrapperDesc(type) && inner?.scalar !== undefined) {
      const { type: kind, ...rest } = scalars[inner.scalar];
      return { ...rest, type: [typeof kind === "string" ? kind : "string", "null"] };
    }
    const name = type.typeName + this.#suffix;
    if (!Object.hasOwn(this.#schemas, name)) {
      // Before its fields are looked at, or a message within itself would go on for ever.
      this.#schemas[name] = {};
      this.#schemas[name] = this.object(type, () => true);
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  /** The schema of a message's fields as far as they are wanted. */
  object(type: DescMessage, wanted: (field: DescField) => boolean): JsonObject {
    const fields = type.fields.filter(wanted);
    const properties = fields.map((field) => [this.nameOf(field), this.field(field)] as const);
    const words = [...this.#comment(type.typeName), ...demandsOf(type)];
    const required = fields.filter((field) => constraintsOf(field).required);
    return {
      type: "object",
      ...(words.length === 0 ? {} : { description: words.join(" ") }),
      ...(fields.length === 0 ? {} : { properties: Object.fromEntries(properties) }),
      ...(required.length === 0 ? {} : { required: required.map((field) => this.nameOf(field)) }),
    };
  }

  /** The name of a field in responses. */
  nameOf(field: DescField): string {
    return this.#json.names === "json" ? field.jsonName : field.name;
  }

  /** A message in the JSON of requests: `written` in any JSON that is read, names as responses have them. */
  example(type: DescMessage, written: JsonValue, names = this.#json.names): JsonObject {
    const json = toJson(type, fromJson(type, written), {
      useProtoFieldName: names !== "json",
      enumAsInteger: this.#json.enumsAsNumbers ?? false,
    });
    return typeof json === "object" && json !== null && !Array.isArray(json) ? json : {};
  }

  /** The schema of a field with its comment and its constraints. */
  field(field: DescField): JsonObject {
    const { schema } = constraintsOf(field);
    const description = this.description(`${field.parent.typeName}.${field.name}`);
    if (field.fieldKind === "list") {
      const { items, ...rest } = schema;
      const own = typeof items === "object" && !Array.isArray(items) ? items : {};
      return { type: "array", items: { ...this.#value(field), ...own }, ...rest, ...description };
    }
    if (field.fieldKind === "map") {
      return {
        type: "object",
        additionalProperties: this.#value(field),
        ...schema,
        ...description,
      };
    }
    return { ...this.#value(field), ...schema, ...description };
  }

  /** The comment of an element, as a schema's description. */
  description(fullName: string): { description?: string } {
    return describe(this.#comments, fullName);
  }

  #comment(fullName: string): string[] {
    const comment = this.#comments.get(fullName);
    return comment === undefined ? [] : [comment];
  }

  #value(field: DescField): JsonObject {
    if (field.scalar !== undefined) return scalars[field.scalar];
    if (field.enum !== undefined) return this.#enum(field.enum);
    return this.message(field.message);
  }

  #enum(type: DescEnum): JsonObject {
    if (type.typeName === "google.protobuf.NullValue") return { type: "null" };
    const values = type.values.map(({ name, number }) =>
      this.#json.enumsAsNumbers ? number : name,
    );
    return { type: this.#json.enumsAsNumbers ? "integer" : "string", enum: values };
  }
}
