/** Rows of settings, as the README and `--help` show them. */

import { describe, expect, test } from "vitest";
import { fieldsOf, keysAt } from "#yaml/fields.ts";
import type { JsonSchema } from "#yaml/json-schema.ts";

const text: JsonSchema = { type: "string" };
const core: JsonSchema = { properties: { url: text, weight: { type: "integer" } } };

/** The row of one setting. */
const rowOf = (node: JsonSchema) => fieldsOf({ properties: { key: node } })[0];

describe("a setting's row tells what it takes", () => {
  test.each<[string, JsonSchema]>([
    ["text", text],
    ["text", {}],
    ["true | false", { type: ["boolean", "string"] }],
    ["integer", { type: ["integer", "string"] }],
    ["number", { type: ["number", "string"] }],
    ["duration", { type: ["number", "string"], title: "duration" }],
    ["debug | info", { type: "string", enum: ["debug", "info"] }],
    ["text | true | false", { anyOf: [text, { type: "boolean" }] }],
    ["list of text", { type: "array", items: text }],
    ["list of a | b", { type: "array", items: { enum: ["a", "b"] } }],
    ["list", { type: "array", items: core }],
    ["mapping", { type: "object", additionalProperties: core }],
    ["mapping", { type: "object", additionalProperties: { anyOf: [text, core] } }],
    ["object", { type: "object", additionalProperties: text }],
    ["object", { type: "object", additionalProperties: false }],
  ])("%s: %j", (takes, node) => {
    expect(rowOf(node)?.takes).toBe(takes);
  });
});

describe("a setting's row tells its default as one would write it", () => {
  test.each<[unknown, string | undefined]>([
    ["30s", "30s"],
    [0, "0"],
    [false, "false"],
    [[], "[]"],
    [["GET", "POST"], "[GET, POST]"],
    [{ a: 1 }, '{"a":1}'],
    [undefined, undefined],
  ])("%j", (fallback, written) => {
    const row = rowOf({ ...text, ...(fallback !== undefined && { default: fallback }) });
    expect(row).toEqual({
      path: "key",
      takes: "text",
      description: "",
      ...(written !== undefined && { fallback: written }),
    });
  });
});

test("rows are in the schema's order: sections give way to what is in them, lists and mappings do not", () => {
  const schema: JsonSchema = {
    properties: {
      environment: { ...text, description: "Where it runs." },
      gateway: { properties: { port: text, tls: { properties: { cert: text } } } },
      cores: { items: core },
      routes: { additionalProperties: { anyOf: [text, core] } },
      last: text,
    },
  };
  expect(fieldsOf(schema).map(({ path }) => path)).toEqual([
    "environment",
    "gateway.port",
    "gateway.tls.cert",
    "cores",
    "cores[].url",
    "cores[].weight",
    "routes",
    "routes.*.url",
    "routes.*.weight",
    "last",
  ]);
  expect(fieldsOf(schema)[0]?.description).toBe("Where it runs.");
  expect(fieldsOf({})).toEqual([]);
});

describe("the keys at a path", () => {
  const schema: JsonSchema = {
    properties: {
      gateway: { properties: { port: text } },
      cores: { items: core },
      routes: { additionalProperties: core },
    },
  };
  test.each<[readonly (string | number)[], readonly string[]]>([
    [[], ["gateway", "cores", "routes"]],
    [["gateway"], ["port"]],
    [
      ["cores", 0],
      ["url", "weight"],
    ],
    [
      ["routes", "whatever"],
      ["url", "weight"],
    ],
    [["cores"], []],
    [["gateway", "port"], []],
    [["nowhere", "at", 1, "all"], []],
  ])("%j: %j", (path, keys) => {
    expect(keysAt(schema, path)).toEqual(keys);
  });
});
