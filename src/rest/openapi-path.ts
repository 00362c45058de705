/** Routes' paths and parameters in OpenAPI's format. */

import type { DescField, DescMessage, JsonObject } from "@bufbuild/protobuf";
import { overlaps } from "./field-path.ts";
import { expectationOfField } from "./field-text.ts";
import { constraintsOf } from "./openapi-rules.ts";
import type { SchemaCollector } from "./openapi-schema.ts";
import type { Route } from "./route.ts";
import { resolveIndex } from "./template.ts";
import { hasNamedFields, isJsonText } from "./text-message.ts";

/** A path with its parameters. */
export interface DocumentPath {
  /** Such as /models/{model}:predict. */
  readonly text: string;
  /** The same with nameless parameters: paths that differ in names only are one path. */
  readonly shape: string;
  readonly parameters: readonly JsonObject[];
}

interface Wildcard {
  readonly name: string;
  readonly schema: JsonObject;
  readonly many: boolean;
  /** It holds JSON as a text. */
  readonly json: boolean;
}

/** Whether a text of the field is JSON. */
function isJson({ message }: DescField): boolean {
  return message !== undefined && isJsonText(message);
}

/** A parameter's value, written as JSON. */
function jsonContent(schema: JsonObject): JsonObject {
  return { content: { "application/json": { schema } } };
}

/** What a wildcard at `position` fills: a variable's whole, a part of one, or nothing. */
function wildcardAt(route: Route, position: number, schemas: SchemaCollector): Wildcard {
  const { segments } = route.template;
  const many = segments[position]?.kind === "many";
  const owner = route.variables.find(({ variable }) => {
    const start = resolveIndex(variable.start, segments.length);
    return position >= start && position < resolveIndex(variable.end, segments.length);
  });
  if (owner === undefined)
    return { name: `segment_${position + 1}`, schema: { type: "string" }, many, json: false };
  const { variable, target } = owner;
  const start = resolveIndex(variable.start, segments.length);
  const isWhole = resolveIndex(variable.end, segments.length) - start === 1;
  const schema = isWhole ? schemas.field(target.field) : { type: "string" };
  const name = isWhole ? target.path : `${target.path}_${position - start + 1}`;
  return { name, schema, many, json: isWhole && isJson(target.field) };
}

/** The path of a route and the parameters in it. */
export function documentPath(route: Route, schemas: SchemaCollector): DocumentPath {
  const { segments, verb } = route.template;
  const parameters: JsonObject[] = [];
  const parts = segments.map((segment, position) => {
    if (segment.kind === "literal") return encodeURIComponent(segment.text);
    const { name, schema, many, json } = wildcardAt(route, position, schemas);
    const { description, ...plain } = schema;
    const note = many ? "Any number of segments; an escaped slash stays escaped." : "";
    const words = [description, note].filter((text) => typeof text === "string" && text !== "");
    parameters.push({
      name,
      in: "path",
      required: true,
      ...(words.length === 0 ? {} : { description: words.join(" ") }),
      ...(json ? jsonContent(plain) : { schema: plain }),
    });
    return `{${name}}`;
  });
  const ending = verb === "" ? "" : `:${encodeURIComponent(verb)}`;
  const text = `/${parts.join("/")}${ending}`;
  return { text, shape: text.replace(/\{[^}]*\}/g, "{}"), parameters };
}

/** Deepest message whose fields are listed as parameters. */
const depthMax = 3;

/** A field that a query can fill. */
interface Leaf {
  /** Proto names, joined by dots. */
  readonly path: string;
  /** The same in the names of responses. */
  readonly name: string;
  readonly field: DescField;
}

function* leavesOf(
  message: DescMessage,
  schemas: SchemaCollector,
  above: { readonly path: string; readonly name: string; readonly parents: readonly DescMessage[] },
): Iterable<Leaf> {
  const { parents } = above;
  for (const field of message.fields) {
    const path = above.path + field.name;
    const name = above.name + schemas.nameOf(field);
    if (expectationOfField(field) !== undefined) yield { path, name, field };
    else if (
      field.fieldKind === "message" &&
      hasNamedFields(field.message) &&
      parents.length < depthMax &&
      !parents.includes(field.message)
    ) {
      yield* leavesOf(field.message, schemas, {
        path: `${path}.`,
        name: `${name}.`,
        parents: [...parents, message],
      });
    }
  }
}

/** What a parameter of the query takes: a text, texts, or the one JSON that a text is. */
function queryValue(field: DescField, schema: JsonObject): JsonObject {
  if (field.fieldKind === "map")
    return { style: "deepObject", explode: true, schema: jsonTexts(field, schema) };
  if (isJson(field) && field.fieldKind !== "list") return jsonContent(schema);
  return { schema: jsonTexts(field, schema) };
}

/** The schema of several JSON texts, which no parameter can have as content. */
function jsonTexts(field: DescField, schema: JsonObject): JsonObject {
  if (!isJson(field)) return schema;
  const text = { type: "string", contentMediaType: "application/json" };
  return field.fieldKind === "list"
    ? { ...schema, items: text }
    : { ...schema, additionalProperties: text };
}

/** The query parameters that a route takes. */
export function queryParameters(route: Route, schemas: SchemaCollector): JsonObject[] {
  if (route.body.kind === "message") return [];
  const leaves = [...leavesOf(route.method.input, schemas, { path: "", name: "", parents: [] })];
  return leaves
    .filter(({ path }) => !route.bound.some((bound) => overlaps(bound, path)))
    .map(({ path, name, field }) => {
      const { description, ...schema } = schemas.field(field);
      return {
        name,
        in: "query",
        ...(description === undefined ? {} : { description }),
        ...(constraintsOf(field).required && !path.includes(".") ? { required: true } : {}),
        ...queryValue(field, schema),
      };
    });
}
