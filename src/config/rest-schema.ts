/** The file's section `rest`: rules besides those of the protos, and how JSON is read and written. */

import { z } from "zod";
import { contentCodings } from "#http/content-coding.ts";
import { duration, flag, size, text } from "#yaml/scalar.ts";

const path = (method: string) =>
  text("a path that begins with `/`", /^\//)
    .optional()
    .describe(`Template of a path that takes ${method}.`);

const fieldName = () => text("the name of a field, or nothing", /^/).optional();

/** The names of google.api.HttpRule that proto JSON may write in lowerCamelCase. */
const protoNames: ReadonlyMap<string, string> = new Map([
  ["responseBody", "response_body"],
  ["additionalBindings", "additional_bindings"],
]);

/** Turns the lowerCamelCase names of a mapping into proto names; a name that is written both ways is reported as unknown. */
function withProtoNames(written: unknown): unknown {
  if (typeof written !== "object" || written === null || Array.isArray(written)) return written;
  const entries = Object.entries(written).map(([key, value]) => {
    const name = protoNames.get(key);
    return [name === undefined || Object.hasOwn(written, name) ? key : name, value] as const;
  });
  return Object.fromEntries(entries);
}

const bindingShape = {
  get: path("GET"),
  put: path("PUT"),
  post: path("POST"),
  delete: path("DELETE"),
  patch: path("PATCH"),
  custom: z
    .strictObject({
      kind: text("a method in capitals, or `*`", /^([A-Z][A-Z-]*|\*)$/).describe(
        "HTTP method, such as SEARCH; `*` for any. HTTP/1.1 supports only methods that Node knows.",
      ),
      path: text("a path that begins with `/`", /^\//).describe("Template of its path."),
    })
    .optional()
    .describe("Any other HTTP method."),
  body: fieldName().describe(
    "Field of the request that is read from the body; `*`: all fields that the path does not set; empty: no body.",
  ),
  response_body: fieldName().describe("Field of the response that is its body; all when absent."),
};

/** A part of google.api.HttpRule, by its proto names or by those of proto JSON. */
function httpRule<T extends z.ZodRawShape>(shape: T) {
  const others = [...protoNames].filter(([, name]) => Object.hasOwn(shape, name));
  // For editors only: the reader has already turned these names into proto names.
  const patternProperties = Object.fromEntries(others.map(([other]) => [`^${other}$`, {}]));
  return z.preprocess(withProtoNames, z.strictObject(shape).meta({ patternProperties }));
}

const selector = (what: string) => text("a full name without spaces", /^\S+$/).describe(what);

const rule = httpRule({
  selector: selector("Full name of the method, such as polygate.v1.ChatService.Chat."),
  ...bindingShape,
  additional_bindings: z
    .array(httpRule(bindingShape))
    .prefault([])
    .describe("Further HTTP methods and paths of the same method."),
});

const json = {
  field_names: z
    .enum(["proto", "json"])
    .describe("Names of fields in responses: as in the proto or in lowerCamelCase; both are read."),
  emit_defaults: flag().describe("Responses show fields at their defaults."),
  enums: z.enum(["name", "number"]).describe("Enum values in responses; both are read."),
  unknown_fields: z
    .enum(["reject", "ignore"])
    .describe("How unknown fields and enum names in a body are handled."),
};

/** What differs from `rest.json`; every key may be left out. */
export const jsonOverride = z.strictObject(json).partial();

/** The section. */
export const rest = z.strictObject({
  rules: z
    .array(rule)
    .prefault([])
    .describe(
      "google.api.HttpRule, as a service configuration lists them: a rule takes the place of the method's own.",
    ),
  json: z
    .strictObject({
      field_names: json.field_names.default("proto"),
      emit_defaults: json.emit_defaults.prefault(true),
      enums: json.enums.default("name"),
      unknown_fields: json.unknown_fields.default("reject"),
    })
    .prefault({})
    .describe("How JSON is read and written."),
  json_by_method: z
    .array(
      z.strictObject({
        selector: selector("Full name of a method, or its beginning and `.*`."),
        ...jsonOverride.shape,
      }),
    )
    .prefault([])
    .describe(
      "Exceptions for some methods, which override those of the listener; of two entries the later wins.",
    ),
  ignored_query_parameters: z
    .array(text("a name, or its beginning and `*`", /^[^\s*]+\*?$/))
    .prefault([])
    .describe(
      "Query parameters that are ignored where no field has their name, such as `utm_*`; all others are refused.",
    ),
  compression: z
    .strictObject({
      enabled: flag().prefault(true).describe("Compress responses for clients that accept it."),
      min_size: size("2GB").prefault("1kB").describe("Smallest body that is compressed."),
      codings: z
        .array(z.enum(contentCodings))
        .min(1)
        .default([...contentCodings])
        .describe("Content codings; of those that a client accepts equally, the first is used."),
    })
    .prefault({})
    .describe("Content codings of responses and pages; event and message streams have none."),
  heartbeat: duration("1h")
    .prefault("15s")
    .describe("Time without an event after which a stream gets a comment, and a WebSocket a ping."),
});
