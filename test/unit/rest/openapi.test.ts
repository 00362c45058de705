/** The OpenAPI document: what it says of each kind of method, field and rule. */

import {
  create,
  createFileRegistry,
  fromJson,
  type JsonObject,
  type JsonValue,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, file_google_protobuf_empty } from "@bufbuild/protobuf/wkt";
import { describe, expect, test } from "vitest";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { methodExtras } from "#method-extras.ts";
import { commentsOf } from "#rest/comments.ts";
import { createOpenApi, type OpenApiOptions } from "#rest/openapi.ts";
import { constraintsOf } from "#rest/openapi-rules.ts";
import { ruledType } from "../../support/ruled-type.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const services = [ChatService, HealthService, ModelsService, PredictService, StatsService];
const named = { title: "Test", version: "1.2.3" };

/** The value at a path of keys; undefined where there is none. */
function at(document: JsonValue | undefined, ...keys: readonly string[]): JsonValue | undefined {
  return keys.reduce<JsonValue | undefined>((value, key) => {
    if (typeof value !== "object" || value === null) return undefined;
    return Array.isArray(value) ? value[Number(key)] : value[key];
  }, document);
}

function gateway(options: Partial<OpenApiOptions> = {}): JsonObject {
  return createOpenApi(services, { ...named, extrasOf: methodExtras, ...options });
}

function* refsOf(value: JsonValue): Iterable<string> {
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    if (key === "$ref" && typeof inner === "string") yield inner;
    else yield* refsOf(inner);
  }
}

describe("the gateway's document", () => {
  const document = gateway({
    securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    isPublic: ({ parent }) => parent === HealthService,
  });

  test("has every binding, and every reference in it leads somewhere", () => {
    expect(document).toMatchObject({ openapi: "3.1.0", info: named });
    const paths = Object.keys(document.paths ?? {});
    for (const path of [
      "/api/v1/chat",
      "/api/v1/chat:stream",
      "/api/v1/models/{model}",
      "/api/v1/models/{model}:predict",
      "/predict/{model}",
      "/health",
      "/stats",
    ]) {
      expect(paths).toContain(path);
    }
    for (const ref of refsOf(document)) {
      expect(at(document, ...ref.slice(2).split("/")), ref).toBeDefined();
    }
  });

  test("names every operation once, and every parameter of a path in it", () => {
    const ids: unknown[] = [];
    for (const [path, item] of Object.entries(document.paths ?? {})) {
      for (const operation of Object.values(item as JsonObject) as JsonObject[]) {
        ids.push(operation.operationId);
        const wanted = [...path.matchAll(/\{([^}]*)\}/g)].map((match) => match[1]);
        const parameters = (operation.parameters ?? []) as JsonObject[];
        const given = parameters.filter((each) => each.in === "path").map(({ name }) => name);
        expect(given).toEqual(wanted);
      }
    }
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("a body leaves out what the path fills, and a form has files for bytes", () => {
    const content = at(document, "paths", "/predict/{model}", "post", "requestBody", "content");
    const json = at(content, "application/json", "schema", "properties") as JsonObject;
    expect(Object.keys(json)).not.toContain("model");
    expect(json).toMatchObject({
      file: { type: "string", contentEncoding: "base64" },
      inputs: { type: "array", maxItems: 64 },
      top_k: { type: "integer", format: "int32", minimum: 1, maximum: 10000 },
    });
    const form = at(content, "multipart/form-data", "schema", "properties") as JsonObject;
    expect(form.file).toEqual({ type: "string", contentMediaType: "application/octet-stream" });
    expect(form).not.toHaveProperty("inputs");
  });

  test("rules are keywords: lengths, patterns, lists of values, what is required", () => {
    const schemas = at(document, "components", "schemas");
    expect(at(schemas, "polygate.v1.QueryRequest")).toMatchObject({
      required: ["query"],
      properties: { query: { minLength: 1, maxLength: 1048576 } },
    });
    expect(at(schemas, "polygate.v1.ToolDefinition", "properties", "name", "pattern")).toBe(
      "^[A-Za-z0-9_.-]{1,128}$",
    );
    const role = at(schemas, "polygate.v1.ChatMessage", "properties", "role", "enum");
    expect(role).toEqual(["system", "user", "assistant", "tool"]);
    const shape = at(schemas, "polygate.v1.Tensor", "properties", "shape");
    expect(shape).toMatchObject({ maxItems: 16, items: { minimum: 0 } });
  });

  test("streams have every format, and a switch adds them to a plain answer", () => {
    const types = (path: string) =>
      Object.keys(at(document, "paths", path, "post", "responses", "200", "content") as JsonObject);
    const all = new Set(["application/json", "application/x-ndjson", "text/event-stream"]);
    expect(new Set(types("/api/v1/chat:stream"))).toEqual(all);
    expect(new Set(types("/api/v1/chat"))).toEqual(all);
    expect(types("/v1/query")).toEqual(["application/json"]);
  });

  test("every operation tells the shape of errors, and only public ones need no credential", () => {
    for (const item of Object.values(document.paths ?? {})) {
      for (const operation of Object.values(item as JsonObject) as JsonObject[]) {
        const isPublic = operation.operationId?.toString().startsWith("HealthService") ?? false;
        expect(at(operation, "responses", "default", "$ref")).toBe("#/components/responses/Error");
        expect(at(operation, "security")).toEqual(isPublic ? [] : undefined);
      }
    }
    expect(document.security).toEqual([{ bearer: [] }]);
  });

  test("an example is in the body, and in the parameters that the path takes out of it", () => {
    const { paths } = gateway({
      examples: { "polygate.v1.PredictService.Predict": { model: "digits", top_k: 3 } },
    });
    const predict = at(paths, "/predict/{model}", "post");
    expect(at(predict, "parameters", "0")).toMatchObject({ name: "model", example: "digits" });
    const body = at(predict, "requestBody", "content", "application/json", "example");
    expect(body).toEqual({ top_k: 3 });
  });

  test("fields have the names and enum values of the JSON options", () => {
    const plain = at(document, "components", "schemas", "polygate.v1.Usage", "properties");
    expect(Object.keys(plain as JsonObject)).toContain("prompt_tokens");
    const other = gateway({ json: { names: "json" } });
    const renamed = at(other, "components", "schemas", "polygate.v1.Usage", "properties");
    expect(Object.keys(renamed as JsonObject)).toContain("promptTokens");
  });

  test("query parameters and examples have the names of answers, those of a path the names of its rule", () => {
    const { paths } = gateway({
      json: { names: "json" },
      examples: { "polygate.v1.PredictService.Predict": { model: "digits", top_k: 3 } },
      rules: [
        fromJson(HttpRuleSchema, {
          selector: "polygate.v1.PredictService.Predict",
          get: "/top/{top_k}",
        }),
      ],
    });
    const parameters = at(paths, "/top/{top_k}", "get", "parameters") as JsonObject[];
    expect(parameters[0]).toMatchObject({ name: "top_k", in: "path", example: 3 });
    expect(parameters.find(({ name }) => name === "model")).toMatchObject({ example: "digits" });
    const names = gateway({ json: { names: "json" } });
    const stats = at(names, "paths", "/predict/{model}", "post", "requestBody", "content");
    const form = at(stats, "application/x-www-form-urlencoded", "schema", "properties");
    expect(Object.keys(form as JsonObject)).toContain("topK");
  });
});

describe("a document of other services", () => {
  const registry = testProtos();
  const vectors = testService(registry, "vectors.VectorService");
  const streams = testService(registry, "vectors.StreamService");
  const comments = commentsOf([...registry.files].map(({ proto }) => proto));
  const rule = (name: string, more: JsonObject) =>
    fromJson(HttpRuleSchema, { selector: `vectors.VectorService.${name}`, ...more });
  const document = createOpenApi([vectors, streams], {
    ...named,
    comments,
    rules: [
      rule("BindLibrary", { get: "/v1/{name=shelves/*/books/*}/{page=**}" }),
      rule("BindParameterValues", { get: "/params" }),
      rule("BindBook", { post: "/books/*", body: "*" }),
      rule("BindShelf", {
        get: "/shapes/{shelf}",
        additionalBindings: [
          { get: "/shapes/{book.title=**}" },
          { delete: "/shapes/{book.title}" },
          { custom: { kind: "PURGE", path: "/p" } },
        ],
      }),
    ],
  });
  const operation = (path: string, method: string) =>
    at(document, "paths", path, method) as JsonObject;

  test("a variable of several segments becomes a parameter for each wildcard", () => {
    const { parameters } = operation("/v1/shelves/{name_2}/books/{name_4}/{page}", "get");
    expect(parameters).toMatchObject([
      { name: "name_2", in: "path", required: true },
      { name: "name_4", in: "path", required: true },
      { name: "page", description: expect.stringContaining("Any number of segments") },
      { name: "parent", in: "query" },
      { name: "book.id", in: "query", schema: { type: "string", format: "int64" } },
      ...[{ name: "book.name" }, { name: "book.title" }, { name: "book.author" }],
      ...[{ name: "book_id" }, { name: "request_id" }, { name: "filename" }],
    ]);
  });

  test("parameters have the types of their fields; a message within itself ends somewhere", () => {
    const { parameters } = operation("/params", "get") as { parameters: JsonObject[] };
    const schemaOf = (name: string) => parameters.find((each) => each.name === name);
    expect(schemaOf("uint64_value")?.schema).toMatchObject({ type: "string", format: "uint64" });
    expect(schemaOf("timestamp")?.schema).toEqual({ type: "string", format: "date-time" });
    expect(schemaOf("int32_value_wrapper")?.schema).toMatchObject({ type: ["integer", "null"] });
    expect(schemaOf("enum_list")?.schema).toMatchObject({
      type: "array",
      items: { enum: ["ENUM_UNSPECIFIED", "ENUM_VALUE"] },
    });
    expect(schemaOf("labels")).toMatchObject({ style: "deepObject", explode: true });
    expect(schemaOf("nested.nested.bool_value")).toBeUndefined();
  });

  test("paths that differ in names only are one path, and methods that HTTP has not are left out", () => {
    const paths = Object.keys(document.paths ?? {});
    expect(paths).toContain("/shapes/{shelf}");
    expect(paths).not.toContain("/shapes/{book.title}");
    expect(paths).not.toContain("/p");
    // Another HTTP method of it is there, under the names of the first.
    expect(at(operation("/shapes/{shelf}", "delete"), "parameters", "0")).toMatchObject({
      name: "shelf",
      in: "path",
    });
  });

  test("a route that OpenAPI has no place for is told of where it would be", () => {
    const { summary, description } = operation("/shapes/{shelf}", "get");
    expect([summary, description]).toEqual([
      undefined,
      "GET /shapes/{book.title=**} is vectors.VectorService.BindShelf, which OpenAPI cannot describe along with this.",
    ]);
    expect(operation("/shapes/{shelf}", "delete").description).toBeUndefined();
  });

  test("JSON in a parameter is its content, in a list or map of them its text's", () => {
    const { parameters } = operation("/params", "get") as { parameters: JsonObject[] };
    const parameter = (name: string) => parameters.find((each) => each.name === name);
    for (const [name, schema] of [
      ["struct_value", { type: "object" }],
      ["value", {}],
      ["list_value", { type: "array", items: {} }],
    ] as const) {
      expect(parameter(name)).toEqual({
        name,
        in: "query",
        content: { "application/json": { schema } },
      });
    }
    const everything = createOpenApi([vectors], {
      title: "x",
      version: "1",
      rules: [
        rule("BindEverything", { get: "/any" }),
        rule("BindParameterValues", { post: "/form", body: "*" }),
      ],
    });
    const names = (at(everything, "paths", "/any", "get", "parameters") as JsonObject[]).map(
      ({ name }) => name,
    );
    expect(names.filter((name) => String(name).startsWith("anytype"))).toEqual([]);
    const forms = at(everything, "paths", "/form", "post", "requestBody", "content");
    expect(at(forms, "application/x-www-form-urlencoded", "encoding")).toEqual({
      struct_value: { contentType: "application/json" },
      value: { contentType: "application/json" },
      list_value: { contentType: "application/json" },
    });
  });

  test("a body that is one field may be null where that tells that it is not set", () => {
    const schemaOf = (responseBody: string) =>
      at(
        createOpenApi([vectors], {
          ...named,
          rules: [rule("BindParameterValues", { get: "/x", responseBody })],
        }),
        ...["paths", "/x", "get", "responses", "200", "content", "application/json", "schema"],
      );
    expect(schemaOf("timestamp")).toEqual({ type: ["string", "null"], format: "date-time" });
    expect(schemaOf("string_value")).toEqual({ type: "string" });
  });

  test("services of one name have tags of their full names, others their own", () => {
    const other = create(FileDescriptorProtoSchema, {
      name: "other.proto",
      package: "other",
      syntax: "proto3",
      dependency: ["google/protobuf/empty.proto"],
      service: [
        {
          name: "Greeter",
          method: [
            {
              name: "Hi",
              inputType: ".google.protobuf.Empty",
              outputType: ".google.protobuf.Empty",
            },
          ],
        },
      ],
    });
    const files = createFileRegistry(other, () => file_google_protobuf_empty);
    const greeter = testService(registry, "greeter.Greeter");
    const two = createOpenApi([greeter, testService(files, "other.Greeter"), streams], {
      ...named,
      rules: [fromJson(HttpRuleSchema, { selector: "other.Greeter.Hi", get: "/hi" })],
    });
    const names = (two.tags as JsonObject[]).map(({ name }) => name);
    expect(names).toEqual(["greeter.Greeter", "other.Greeter", "StreamService"]);
    expect(at(two, "paths", "/hi", "get", "tags")).toEqual(["other.Greeter"]);
    expect(at(two, "paths", "/count/{number}", "get", "tags")).toEqual(["StreamService"]);
    const ids = Object.values(two.paths ?? {}).flatMap((item) =>
      Object.values(item as JsonObject).map((each) => (each as JsonObject).operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("what is judged by its content is required, but where it may be left out", () => {
    const minLen = { type: { case: "string", value: { minLen: 1n } } } as const;
    const type = ruledType({
      plain: { type: "STRING", rules: minLen },
      optional: { type: "STRING", is: "optional", rules: minLen },
      member: { type: "STRING", is: "member", rules: minLen },
      items: {
        type: "STRING",
        is: "repeated",
        rules: { type: { case: "repeated", value: { minItems: 1n } } },
      },
      needed: { type: "STRING", is: "optional", rules: { ...minLen, required: true } },
    });
    const required = type.fields.filter((field) => constraintsOf(field).required);
    expect(required.map(({ name }) => name)).toEqual(["plain", "items", "needed"]);
  });

  test("a method with JSON options of its own has schemas of its own", () => {
    const own = createOpenApi([vectors], {
      ...named,
      rules: [
        rule("BindParameterValues", { post: "/one", body: "*" }),
        rule("BindBook", { post: "/two", body: "*" }),
      ],
      jsonByMethod: {
        "vectors.VectorService.BindParameterValues": { names: "json", enumsAsNumbers: true },
      },
    });
    const schemaAt = (path: string) =>
      at(own, "paths", path, "post", "requestBody", "content", "application/json", "schema");
    expect(schemaAt("/one")).toEqual({
      $ref: "#/components/schemas/vectors.ParameterValues-json_names-enum_numbers",
    });
    expect(schemaAt("/two")).toEqual({ $ref: "#/components/schemas/vectors.Book" });
    const { schemas } = own.components as { schemas: JsonObject };
    expect(
      at(schemas, "vectors.ParameterValues-json_names-enum_numbers", "properties", "enumList"),
    ).toMatchObject({ items: { type: "integer", enum: [0, 1] } });
  });

  test("comments are descriptions", () => {
    expect(document.tags).toContainEqual({
      name: "StreamService",
      description: "Every kind of stream, with rules in the proto.",
    });
  });

  test("streamed requests have their formats, uploads take any type", () => {
    const collect = at(operation("/collect", "post"), "requestBody", "content") as JsonObject;
    expect(Object.keys(collect)).toEqual(["application/x-ndjson", "application/json"]);
    const upload = at(operation("/upload/{name}", "post"), "requestBody", "content") as JsonObject;
    expect(Object.keys(upload)).toEqual(["*/*"]);
    const download = at(operation("/download/{number}", "get"), "responses", "200", "content");
    expect(Object.keys(download as JsonObject)).toEqual(["*/*"]);
  });
});
