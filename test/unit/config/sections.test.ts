/** A section of the configuration has one file: what puts the sections together holds none of their keys, names or flags. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { environmentRows } from "#config/environment.ts";
import { jsonSchema } from "#config/json-schema.ts";
import { serveFlags } from "#config/serve-flags.ts";
import { keysAt } from "#yaml/fields.ts";
import { sourceFiles } from "../../support/floor-plan.ts";

const read = (file: string) => readFileSync(`src/config/${file}`, "utf8");
const own = sourceFiles().filter((file) => file.startsWith("src/config/"));

/** Keys of the file that are no section. */
const plain = new Set(["environment", "trusted_proxies"]);
const sections = keysAt(jsonSchema(), []).filter((key) => !plain.has(key));

test("the schema of the file declares no key of a section", () => {
  const inner = sections.flatMap((section) => keysAt(jsonSchema(), [section]));
  const text = read("schema.ts");
  expect(inner.length).toBeGreaterThan(40);
  expect(text.match(/\.strictObject\(/g)).toHaveLength(1);
  // Some sections have keys that are also names of sections.
  const named = inner.filter((key) => !sections.includes(key));
  expect(named.filter((key) => new RegExp(`^ +${key}:`, "m").test(text))).toEqual([]);
});

test("what sets a key of a section, by environment or by flag, is a row of the section's file", () => {
  const rows = [...environmentRows, ...serveFlags.filter(({ path }) => path !== undefined)];
  const names = rows.filter(({ path = [] }) => path.length > 1).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(20);
  for (const file of ["environment.ts", "serve-flags.ts"]) {
    const rowsIn = [...read(file).matchAll(/\{\s*name: "([\w-]+)"/g)].map(([, name]) => name);
    expect(rowsIn.filter((name) => names.includes(name ?? ""))).toEqual([]);
  }
});

const withKeys = sections.filter((section) => keysAt(jsonSchema(), [section]).length > 0);

test.each(withKeys)("the keys of `%s` are declared in one file", (section) => {
  const keys = keysAt(jsonSchema(), [section]);
  const files = own.filter((file) => {
    const text = readFileSync(file, "utf8");
    // A single key may be the name of a key elsewhere: then its section has to be there, too.
    if (keys.length === 1 && !text.includes(`export const ${section} = z.`)) return false;
    return keys.every((key) => new RegExp(`^ +${key}: [\\w.]+\\(|^ +${key}: z$`, "m").test(text));
  });
  expect(files).toHaveLength(1);
});
