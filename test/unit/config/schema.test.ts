/** The schema, the tables beside it and the protos tell the same story. */

import { globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { environmentRows, unusedEnvironment } from "#config/environment.ts";
import { jsonSchema } from "#config/json-schema.ts";
import { scopes } from "#config/scopes.ts";
import { serveFlags } from "#config/serve-flags.ts";
import { fieldsOf, keysAt, rowPathOf } from "#yaml/fields.ts";
import type { JsonSchema } from "#yaml/json-schema.ts";
import { pathText } from "#yaml/problem.ts";

const schema = jsonSchema();
const fields = fieldsOf(schema);
const paths = new Set(fields.map(({ path }) => path));

describe("the schema", () => {
  test("every setting says what it means", () => {
    expect(fields.filter(({ description }) => description === "")).toEqual([]);
    expect(fields.length).toBeGreaterThan(50);
  });

  test("unknown keys are refused in every mapping", () => {
    const open = (node: JsonSchema): boolean => {
      const { properties = {}, additionalProperties: entry, items, anyOf = [] } = node;
      const inner = [...Object.values(properties), ...anyOf];
      if (typeof entry === "object") inner.push(entry);
      if (items !== undefined) inner.push(items);
      return (node.properties !== undefined && entry !== false) || inner.some(open);
    };
    expect(open(schema)).toBe(false);
  });

  test("a field tells what it takes and its default", () => {
    expect(fields.find(({ path }) => path === "gateway.timeout")).toMatchObject({
      takes: "duration",
      fallback: "30s",
    });
    expect(fields.find(({ path }) => path === "cors.origins")).toMatchObject({
      takes: "list of text",
      fallback: "[*]",
    });
    expect(keysAt(schema, ["cores", 0])).toEqual([
      "url",
      "discovery",
      "weight",
      "protocol",
      "service",
      "transport",
      "tls",
      "identity",
    ]);
  });

  test("only what the file cannot do without is required", () => {
    expect(schema.required ?? []).toEqual([]);
    expect(schema.properties?.listeners?.items?.required).toEqual(["name", "port"]);
  });
});

describe("the tables", () => {
  test.each(environmentRows)("$name sets a setting of the schema", ({ path }) => {
    expect(paths).toContain(rowPathOf(schema, path));
  });

  test.each(serveFlags.filter((row) => row.path))("--$name sets a setting of the schema", (row) => {
    expect(paths).toContain(pathText(row.path ?? []));
  });

  test("a flag names the variable that sets the same setting", () => {
    for (const { path, environment } of serveFlags) {
      if (path === undefined || environment === undefined) continue;
      const row = environmentRows.find(({ name }) => name === environment);
      expect(pathText(row?.path ?? [])).toBe(pathText(path));
    }
  });

  test("a name that is without effect is told only when it is set", () => {
    expect(unusedEnvironment({ LOAD_BALANCER_WEIGHT_XAI: "x", LOG_LEVEL: "" })).toEqual([
      "LOAD_BALANCER_WEIGHT_XAI",
    ]);
  });
});

test("a key may hold every scope that a method asks for", () => {
  const protos = globSync("proto/polygate/**/*.proto").map((file) => readFileSync(file, "utf8"));
  const asked = protos.flatMap((text) => [...text.matchAll(/required_scope\) = "(\w+)"/g)]);
  expect(asked.length).toBeGreaterThan(0);
  for (const [, scope] of asked) expect(scopes).toContain(scope);
});

test("a key that is made while the gateway runs may have the scopes of one of the settings", () => {
  const proto = readFileSync("proto/polygate/v1/keys.proto", "utf8");
  const [, list = ""] = /string scopes = [\s\S]*?\bin: \[([^\]]*)\]/.exec(proto) ?? [];
  expect([...list.matchAll(/"(\w+)"/g)].map(([, scope]) => scope)).toEqual([...scopes]);
});
