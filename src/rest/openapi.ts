/** An OpenAPI 3.1 document of what the transcoder serves, made from the same routes. */

import {
  type DescField,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
  type JsonObject,
} from "@bufbuild/protobuf";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { public$ } from "#gen/polygate/v1/options_pb.js";
import type { Comments } from "./comments.ts";
import { FieldIndex } from "./field-path.ts";
import { expectationOfField } from "./field-text.ts";
import type { JsonOptions } from "./json.ts";
import { documentPath, queryParameters } from "./openapi-path.ts";
import { SchemaCollector } from "./openapi-schema.ts";
import type { Route } from "./route.ts";
import { nameOf, Router } from "./router.ts";
import { streamFormats } from "./stream-format.ts";

/** What a document says beside the routes. */
export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  /** As the transcoder has them. */
  readonly rules?: readonly HttpRule[];
  readonly json?: JsonOptions;
  /** Comments of the proto files; default none. */
  readonly comments?: Comments;
  /** By name, in OpenAPI's words; a method that is not public takes any of them. Default none. */
  readonly securitySchemes?: Readonly<Record<string, JsonObject>>;
}

const errorSchema: JsonObject = {
  type: "object",
  required: ["error"],
  properties: {
    error: {
      type: "object",
      required: ["code", "message", "details", "timestamp", "request_id"],
      properties: {
        code: { type: "string", description: "Why, such as PARAMETER_INVALID." },
        message: { type: "string" },
        details: {
          type: "array",
          items: {
            type: "object",
            properties: { "@type": { type: "string" } },
            required: ["@type"],
          },
        },
        timestamp: { type: "string", format: "date-time" },
        request_id: { type: "string" },
      },
    },
  },
};

const binary: JsonObject = { type: "string", contentMediaType: "application/octet-stream" };
const httpMethods = new Set(["get", "put", "post", "delete", "options", "head", "patch", "trace"]);

/** Writes operations. */
class DocumentWriter {
  readonly #schemas: SchemaCollector;

  constructor(schemas: SchemaCollector) {
    this.#schemas = schemas;
  }

  requestBody(route: Route): JsonObject | undefined {
    const { body, method } = route;
    if (body.kind === "none") return undefined;
    if (body.raw) return { required: true, content: { "*/*": { schema: binary } } };
    const schema = this.#bodySchema(route);
    if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
      return {
        content: {
          "application/x-ndjson": { schema },
          "application/json": { schema: { type: "array", items: schema } },
        },
      };
    }
    return {
      content: {
        "application/json": { schema },
        "application/x-www-form-urlencoded": { schema: this.#formSchema(route, "base64") },
        "multipart/form-data": { schema: this.#formSchema(route, "file") },
      },
    };
  }

  /** The body's schema without what the path fills. */
  #bodySchema({ body, bound, method }: Route): JsonObject {
    if (body.kind === "field") return this.#schemas.field(body.target.field);
    if (bound.length === 0) return this.#schemas.message(method.input);
    return this.#schemas.object(method.input, ({ name }) => !bound.includes(name));
  }

  /** The fields that a form can fill; `bytes` tells how it carries those of bytes. */
  #formSchema({ body, bound, method }: Route, bytes: "base64" | "file"): JsonObject {
    const inField = body.kind === "field" ? body.target.field.message : undefined;
    const message = inField ?? method.input;
    const isFree = ({ name }: DescField) => inField !== undefined || !bound.includes(name);
    const isFile = (field: DescField) => bytes === "file" && this.#schemas.isFile(field);
    const fields = message.fields.filter(
      (field) => isFree(field) && (expectationOfField(field) !== undefined || isFile(field)),
    );
    const properties = fields.map((field): [string, JsonObject] => [
      this.#schemas.nameOf(field),
      isFile(field)
        ? { ...binary, ...this.#schemas.description(`${message.typeName}.${field.name}`) }
        : this.#schemas.field(field),
    ]);
    return { type: "object", properties: Object.fromEntries(properties) };
  }

  responses(route: Route): JsonObject {
    const { method, responseField, streamSwitch } = route;
    const streams =
      method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming";
    const answer = responseField?.message ?? method.output;
    const schema =
      responseField === undefined
        ? this.#schemas.message(method.output)
        : this.#schemas.field(responseField);
    const content =
      answer.typeName === HttpBodySchema.typeName
        ? { "*/*": { schema: binary } }
        : {
            ...(streams ? this.#streamed(schema) : { "application/json": { schema } }),
            ...(streamSwitch === undefined ? {} : this.#switched(streamSwitch.method)),
          };
    return {
      "200": { description: streams ? "The messages, one after another." : "The answer.", content },
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

  /** What a request that asks for a stream gets beside plain JSON. */
  #switched(method: DescMethod): JsonObject {
    const { "application/json": _array, ...streamed } = this.#streamed(
      this.#schemas.message(method.output),
    );
    return streamed;
  }

  operation(route: Route, id: string, pathParameters: readonly JsonObject[]): JsonObject {
    const { method } = route;
    const parameters = [...pathParameters, ...queryParameters(route, this.#schemas)];
    const requestBody = this.requestBody(route);
    const { description } = this.#schemas.description(nameOf(method));
    const summary = description?.split(/(?<=[.;])\s/)[0];
    return {
      operationId: id,
      tags: [method.parent.name],
      ...(summary === undefined ? {} : { summary }),
      ...(description === undefined || description === summary ? {} : { description }),
      ...(method.deprecated ? { deprecated: true } : {}),
      ...(parameters.length === 0 ? {} : { parameters }),
      ...(requestBody === undefined ? {} : { requestBody }),
      responses: this.responses(route),
      ...(hasOption(method, public$) && getOption(method, public$) ? { security: [] } : {}),
    };
  }
}

function pathsOf(routes: readonly Route[], schemas: SchemaCollector): JsonObject {
  const writer = new DocumentWriter(schemas);
  const paths: Record<string, JsonObject> = {};
  const textByShape = new Map<string, string>();
  const ids = new Map<string, number>();
  for (const route of routes) {
    const kind = route.httpMethod === "*" ? "get" : route.httpMethod.toLowerCase();
    const { text, shape, parameters } = documentPath(route, schemas);
    const known = textByShape.get(shape) ?? text;
    // A document has one path of a shape, with one set of names, and only HTTP's own methods.
    if (known !== text || !httpMethods.has(kind)) continue;
    textByShape.set(shape, text);
    const name = `${route.method.parent.name}_${route.method.name}`;
    const count = (ids.get(name) ?? 0) + 1;
    ids.set(name, count);
    const id = count === 1 ? name : `${name}_${count}`;
    paths[text] = { [kind]: writer.operation(route, id, parameters), ...paths[text] };
  }
  return paths;
}

/** The document of the routes that `createRest` would serve. Throws an Error for a bad rule. */
export function createOpenApi(
  services: readonly DescService[],
  options: OpenApiOptions,
): JsonObject {
  const { title, version, description, rules = [], json = {}, securitySchemes } = options;
  const comments: Comments = options.comments ?? new Map();
  const schemas = new SchemaCollector(comments, json);
  const { routes } = new Router(services, rules, new FieldIndex());
  const paths = pathsOf(routes, schemas);
  const served = new Set(routes.map(({ method }) => method.parent));
  const schemeNames = Object.keys(securitySchemes ?? {});
  return {
    openapi: "3.1.0",
    info: { title, version, ...(description === undefined ? {} : { description }) },
    tags: [...served].map(({ name, typeName }) => ({ name, ...schemas.description(typeName) })),
    paths,
    components: {
      schemas: { ...schemas.schemas, Error: errorSchema },
      responses: {
        Error: {
          description: "What went wrong.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
      ...(securitySchemes === undefined ? {} : { securitySchemes: { ...securitySchemes } }),
    },
    ...(schemeNames.length === 0 ? {} : { security: schemeNames.map((name) => ({ [name]: [] })) }),
  };
}
