/** One operation of an OpenAPI document: its parameters, its request body, its responses. */

import type { DescField, DescMethod, DescService, JsonObject, JsonValue } from "@bufbuild/protobuf";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { expectationOfField } from "./field-text.ts";
import { takesFile } from "./field-writer.ts";
import { emptyJson } from "./json-value.ts";
import { queryParameters } from "./openapi-path.ts";
import type { SchemaCollector } from "./openapi-schema.ts";
import { nameOf, type Route } from "./route.ts";
import { streamFormats } from "./stream-format.ts";
import { isJsonText } from "./text-message.ts";

const binary: JsonObject = { type: "string", contentMediaType: "application/octet-stream" };

/** Examples of requests, in any JSON that is read, by full name of the method. */
export type RequestExamples = Readonly<Record<string, JsonObject>>;

/** What a document says of methods besides their descriptors. */
export interface MethodNotes {
  /** Default none. */
  readonly examples?: RequestExamples;
  /** Whether a method needs no credential; default: none does without. */
  readonly isPublic?: (method: DescMethod) => boolean;
  /** What a method takes by a path, where that is not what the document says for all; undefined: just that. */
  readonly securityOf?: (method: DescMethod, path: string) => readonly JsonObject[] | undefined;
}

/** The tag of a service: its name, or its full name where another has the same. */
export type TagOf = (service: DescService) => string;

/** The parameters of a path as its rule has them, and their names in the document: another path of the same shape may have given those. */
export interface PathParameters {
  readonly parameters: readonly JsonObject[];
  readonly names: readonly string[];
}

function withExample(parameter: JsonObject, request: JsonObject | undefined): JsonObject {
  const example = request?.[String(parameter.name)];
  return example === undefined ? parameter : { ...parameter, example };
}

/** The schema of a body that is one field: null says that it is not set where no other value does. */
function orNull(schema: JsonObject, field: DescField): JsonObject {
  const isNullable = emptyJson(field, false) === null && typeof schema.type === "string";
  return isNullable ? { ...schema, type: [schema.type ?? "null", "null"] } : schema;
}

/** Writes the operations of one document. */
export class OperationWriter {
  readonly #schemas: SchemaCollector;
  readonly #examples: RequestExamples;
  readonly #securityOf: (method: DescMethod, path: string) => readonly JsonObject[] | undefined;
  readonly #tagOf: TagOf;

  constructor(schemas: SchemaCollector, tagOf: TagOf, notes: MethodNotes) {
    this.#schemas = schemas;
    this.#tagOf = tagOf;
    this.#examples = notes.examples ?? {};
    const { isPublic, securityOf } = notes;
    this.#securityOf = (method, path) =>
      isPublic?.(method) === true ? [] : securityOf?.(method, path);
  }

  #requestBody(route: Route): JsonObject | undefined {
    const { body, method } = route;
    if (body.kind === "none") return undefined;
    if (body.raw) return { required: true, content: { "*/*": { schema: binary } } };
    const schema = this.#bodySchema(route);
    const example = this.#bodyExample(route);
    if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
      return {
        content: {
          "application/x-ndjson": { schema, ...example },
          "application/json": { schema: { type: "array", items: schema } },
        },
      };
    }
    return {
      content: {
        "application/json": { schema, ...example },
        "application/x-www-form-urlencoded": {
          schema: this.#formSchema(route, "base64"),
          ...this.#formEncoding(route),
        },
        "multipart/form-data": { schema: this.#formSchema(route, "file") },
        ...Object.fromEntries(
          (route.upload?.mediaTypes ?? []).map((type) => [type, { schema: binary }]),
        ),
      },
    };
  }

  /** The body's schema without what the path fills. */
  #bodySchema({ body, bound, method }: Route): JsonObject {
    if (body.kind === "field") return this.#schemas.field(body.target.field);
    if (bound.length === 0) return this.#schemas.message(method.input);
    return this.#schemas.object(method.input, ({ name }) => !bound.includes(name));
  }

  /** The example of a method's request. */
  #example(method: DescMethod, names?: "proto"): JsonObject | undefined {
    const written = this.#examples[nameOf(method)];
    return written && this.#schemas.example(method.input, written, names);
  }

  /** What the example of a request has in its body. */
  #bodyExample({ body, bound, method }: Route): { example?: JsonValue } {
    const request = this.#example(method);
    if (request === undefined) return {};
    if (body.kind === "field") {
      const example = request[this.#schemas.nameOf(body.target.field)];
      return example === undefined ? {} : { example };
    }
    const inPath = method.input.fields.filter(({ name }) => bound.includes(name));
    const taken = new Set(inPath.map((field) => this.#schemas.nameOf(field)));
    const free = Object.entries(request).filter(([name]) => !taken.has(name));
    return { example: Object.fromEntries(free) };
  }

  /** The message that a form fills, and those of its fields that a text or file can go into. */
  #formFields({ body, bound, method }: Route, bytes: "base64" | "file") {
    const inField = body.kind === "field" ? body.target.field.message : undefined;
    const message = inField ?? method.input;
    const isFree = ({ name }: DescField) => inField !== undefined || !bound.includes(name);
    const isFile = (field: DescField) => bytes === "file" && takesFile(field);
    const fields = message.fields.filter(
      (field) => isFree(field) && (expectationOfField(field) !== undefined || isFile(field)),
    );
    return { message, fields, isFile };
  }

  /** Which fields of an urlencoded form are JSON; the other forms tell that by their types. */
  #formEncoding(route: Route): JsonObject {
    const { fields } = this.#formFields(route, "base64");
    const json = fields.filter(({ message }) => message !== undefined && isJsonText(message));
    if (json.length === 0) return {};
    const encoding = json.map((field) => [
      this.#schemas.nameOf(field),
      { contentType: "application/json" },
    ]);
    return { encoding: Object.fromEntries(encoding) };
  }

  /** The fields that a form can fill; `bytes` says how it carries those of bytes. */
  #formSchema(route: Route, bytes: "base64" | "file"): JsonObject {
    const { message, fields, isFile } = this.#formFields(route, bytes);
    const properties = fields.map((field): [string, JsonObject] => [
      this.#schemas.nameOf(field),
      isFile(field)
        ? { ...binary, ...this.#schemas.description(`${message.typeName}.${field.name}`) }
        : this.#schemas.field(field),
    ]);
    return { type: "object", properties: Object.fromEntries(properties) };
  }

  #responses(route: Route): JsonObject {
    const { method, responseField, streamSwitch } = route;
    const streams =
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
    const answer = responseField?.message ?? method.output;
    const schema =
      responseField === undefined
        ? this.#schemas.message(method.output)
        : orNull(this.#schemas.field(responseField), responseField);
    const content =
      answer.typeName === HttpBodySchema.typeName
        ? { "*/*": { schema: binary } }
        : {
            ...(streams ? this.#streamed(schema) : { "application/json": { schema } }),
            ...(streamSwitch === undefined ? {} : this.#switched(streamSwitch.method)),
          };
    return {
      "200": {
        description: streams ? "The messages, one after another." : "The response.",
        content,
      },
      default: { $ref: "#/components/responses/Error" },
    };
  }

  /** The formats that carry a stream of `schema`. */
  #streamed(schema: JsonObject): JsonObject {
    return Object.fromEntries(
      streamFormats.map(({ contentType }) => [
        contentType,
        { schema: contentType === "application/json" ? { type: "array", items: schema } : schema },
      ]),
    );
  }

  /** What a request that asks for a stream gets besides plain JSON. */
  #switched(method: DescMethod): JsonObject {
    const { "application/json": _array, ...streamed } = this.#streamed(
      this.#schemas.message(method.output),
    );
    return streamed;
  }

  /** Those of the path are named as its rule has them, those of the query as responses name fields. */
  #parameters(route: Route, { parameters, names }: PathParameters): JsonObject[] {
    const { method } = route;
    return [
      ...parameters
        .map((each) => withExample(each, this.#example(method, "proto")))
        .map((each, index) => ({ ...each, name: names[index] ?? "" })),
      ...queryParameters(route, this.#schemas).map((each) =>
        withExample(each, this.#example(method)),
      ),
    ];
  }

  /** An operation; `id` is unique in the document. */
  operation(route: Route, id: string, pathParameters: PathParameters): JsonObject {
    const { method } = route;
    const parameters = this.#parameters(route, pathParameters);
    const requestBody = this.#requestBody(route);
    const { description } = this.#schemas.description(nameOf(method));
    const summary = description?.split(/(?<=\.)\s|;\s/)[0];
    const security = this.#securityOf(method, route.template.text);
    return {
      operationId: id,
      tags: [this.#tagOf(method.parent)],
      ...(summary === undefined ? {} : { summary }),
      ...(description === undefined || description === summary ? {} : { description }),
      ...(method.deprecated ? { deprecated: true } : {}),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(requestBody === undefined ? {} : { requestBody }),
      responses: this.#responses(route),
      ...(security === undefined ? {} : { security: [...security] }),
    };
  }
}
