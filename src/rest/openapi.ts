/** An OpenAPI 3.1 document of what the transcoder serves, made from the same routes. */

import type { DescMethod, DescService, JsonObject } from "@bufbuild/protobuf";
import { atOnce } from "#core/turns.ts";
import type { HttpRule } from "#gen/google/api/http_pb.js";
import { type Comments, describe } from "./comments.ts";
import { FieldIndex } from "./field-path.ts";
import type { JsonByMethod, JsonOptions } from "./json.ts";
import type { MethodExtrasOf } from "./method-extras.ts";
import { type MethodNotes, OperationWriter, type TagOf } from "./openapi-operation.ts";
import { documentPath } from "./openapi-path.ts";
import { SchemaVariants } from "./openapi-variants.ts";
import { nameOf, type Route } from "./route.ts";
import { Router } from "./router.ts";

/** What a document says besides the routes. */
export interface OpenApiOptions extends MethodNotes {
  readonly title: string;
  readonly version: string;
  readonly description?: string;
  /** As the transcoder has them. */
  readonly rules?: readonly HttpRule[];
  readonly extrasOf?: MethodExtrasOf;
  readonly json?: JsonOptions;
  readonly jsonByMethod?: JsonByMethod;
  /** Methods that it tells of; all when absent. */
  readonly isServed?: (method: DescMethod) => boolean;
  /** Comments of the proto files; default none. */
  readonly comments?: Comments;
  /** By name, in OpenAPI's words; a method that is not public takes any of them. Default none. */
  readonly securitySchemes?: Readonly<Record<string, JsonObject>>;
  /** What a method takes that is not public: one of these; one of the schemes, whichever, when absent. */
  readonly security?: readonly JsonObject[];
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

const httpMethods = new Set(["get", "put", "post", "delete", "options", "head", "patch", "trace"]);

/** The names of the parameters of a path. */
function namesIn(text: string): readonly string[] {
  return [...text.matchAll(/\{([^}]*)\}/g)].map(([, name = ""]) => name);
}

/** The tags of services, each with one of its own. */
function tagsOf(services: Iterable<DescService>): TagOf {
  const names = [...services].map(({ name }) => name);
  const isShared = (name: string) => names.indexOf(name) !== names.lastIndexOf(name);
  return ({ name, typeName }) => (isShared(name) ? typeName : name);
}

/** The same operation, which reports another route that its path and method lead to as well. */
function tellingOf(operation: JsonObject, { httpMethod, template, method }: Route): JsonObject {
  const { description = operation.summary } = operation;
  const note = `${httpMethod} ${template.text} is ${nameOf(method)}, which OpenAPI cannot describe along with this.`;
  return { ...operation, description: [description, note].filter(Boolean).join(" ") };
}

interface PathSources {
  readonly variants: SchemaVariants;
  readonly notes: MethodNotes;
  readonly tagOf: TagOf;
}

function* pathsOf(
  routes: readonly Route[],
  { variants, notes, tagOf }: PathSources,
): Generator<void, JsonObject> {
  const paths: Record<string, Record<string, JsonObject>> = {};
  const textByShape = new Map<string, string>();
  const ids = new Map<string, number>();
  for (const route of routes) {
    yield;
    const kind = route.httpMethod === "*" ? "get" : route.httpMethod.toLowerCase();
    const schemas = variants.of(route.method);
    const { text: ownText, shape, parameters } = documentPath(route, schemas);
    // A document has one path of a shape, with one set of names, and only HTTP's own methods.
    if (!httpMethods.has(kind)) continue;
    const text = textByShape.get(shape) ?? ownText;
    textByShape.set(shape, text);
    const before = paths[text]?.[kind];
    if (before !== undefined) {
      paths[text] = { ...paths[text], [kind]: tellingOf(before, route) };
      continue;
    }
    const name = `${route.method.parent.name}_${route.method.name}`;
    const count = (ids.get(name) ?? 0) + 1;
    ids.set(name, count);
    const id = count === 1 ? name : `${name}_${count}`;
    const writer = new OperationWriter(schemas, tagOf, notes);
    paths[text] = {
      [kind]: writer.operation(route, id, { parameters, names: namesIn(text) }),
      ...paths[text],
    };
  }
  return paths;
}

/** The document of the routes that `createRest` would serve. Throws an Error for a bad rule. */
export function createOpenApi(
  services: readonly DescService[],
  options: OpenApiOptions,
): JsonObject {
  return atOnce(openApiSteps(services, options));
}

/** The same, a route at a time, for whoever has others to serve meanwhile. */
export function* openApiSteps(
  services: readonly DescService[],
  options: OpenApiOptions,
): Generator<void, JsonObject> {
  const { title, version, description, rules = [], securitySchemes } = options;
  const { json = {}, jsonByMethod = {} } = options;
  const comments: Comments = options.comments ?? new Map();
  const variants = new SchemaVariants(comments, json, jsonByMethod);
  const { extrasOf, isServed } = options;
  const { routes } = new Router(services, rules, new FieldIndex(), { extrasOf, isServed });
  const served = new Set(routes.map(({ method }) => method.parent));
  const tagOf = tagsOf(served);
  const paths = yield* pathsOf(routes, { variants, notes: options, tagOf });
  const schemeNames = Object.keys(securitySchemes ?? {});
  const security = options.security ?? schemeNames.map((name) => ({ [name]: [] }));
  return {
    openapi: "3.1.0",
    info: { title, version, ...(description === undefined ? {} : { description }) },
    tags: [...served].map((service) => ({
      name: tagOf(service),
      ...describe(comments, service.typeName),
    })),
    paths,
    components: {
      schemas: { ...variants.schemas, Error: errorSchema },
      responses: {
        Error: {
          description: "What went wrong.",
          content: { "application/json": { schema: { $ref: "#/components/schemas/Error" } } },
        },
      },
      ...(securitySchemes === undefined ? {} : { securitySchemes: { ...securitySchemes } }),
    },
    ...(schemeNames.length === 0 ? {} : { security: [...security] }),
  };
}
