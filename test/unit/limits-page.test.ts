/** docs/design/limits.md: each bound names the test that pushes against it, and that test is there. */

import { existsSync, globSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

/** A test that a row names: a file, or a folder of them, and words of its titles. */
interface Reference {
  readonly path: string;
  readonly titles: readonly string[];
}

interface Row {
  readonly resource: string;
  readonly references: readonly Reference[];
  readonly cell: string;
}

const page = readFileSync("docs/design/limits.md", "utf8");

/** All rows of the page, each with what its last column names: `file`: words of a title, more words; `file`. */
const rows: readonly Row[] = page
  .split("\n")
  .filter((line) => line.startsWith("| ") && !/^\| (resource|---)/.test(line))
  .map((line) => {
    const cells = line.split("|").slice(1, -1);
    const cell = (cells.at(-1) ?? "").trim();
    const references = [...cell.matchAll(/`([\w/.-]+)`(?::([^`]*))?/g)].map(
      ([, path = "", words = ""]) => ({ path, titles: titlesIn(words) }),
    );
    return { resource: (cells[0] ?? "").trim(), references, cell };
  });

function titlesIn(words: string): string[] {
  const titles = words.split(/[,;]/).map((title) => title.trim());
  return titles.filter((title) => title !== "");
}

/** The files that a reference may mean: below test/unit where nothing else is said. */
function filesOf(path: string): string[] {
  for (const at of [`test/unit/${path}`, `test/${path}`, path]) {
    for (const file of [`${at}.test.ts`, `${at}.ts`]) if (existsSync(file)) return [file];
    const within = globSync(`${at}/**/*.ts`);
    if (within.length > 0) return within;
  }
  return [];
}

/** What stands in quotes in a file: titles, and the names of rows that become titles. */
function textsOf(file: string): string[] {
  const source = readFileSync(file, "utf8");
  return [
    ...source.matchAll(/"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`|'((?:[^'\\\n]|\\.)*)'/g),
  ].map(([, ...texts]) => texts.find((text) => text !== undefined) ?? "");
}

describe("a bound has a test that pushes against it:", () => {
  test.each(rows)("$resource", ({ references, cell }) => {
    expect(references.length, cell).toBeGreaterThan(0);
    for (const { path, titles } of references) {
      const files = filesOf(path);
      expect(files, `${path}: no such test`).not.toEqual([]);
      const texts = files.flatMap(textsOf);
      const missing = titles.filter((title) => !texts.some((text) => text.includes(title)));
      expect(missing, `${path}: no such title`).toEqual([]);
    }
  });
});

test("the page has its rows, each told once", () => {
  expect(rows.length).toBeGreaterThan(100);
  const names = rows.map(({ resource }) => resource);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
});
