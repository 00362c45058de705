/** docs/security.md names, for each item of OWASP's list, tests that are there. */

import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";

const page = readFileSync("docs/security.md", "utf8");
const sections = page
  .split(/^## /m)
  .filter((section) => /^API\d+:2023/.test(section))
  .map((section) => {
    const [title = ""] = section.split("\n");
    return {
      title,
      tests: [...section.matchAll(/`(test\/[\w/.-]+)`/g)].map(([, path = ""]) => path),
    };
  });

test("the ten items have a section each, in their order", () => {
  expect(sections.map(({ title }) => title.slice(0, title.indexOf(" ")))).toEqual(
    Array.from({ length: 10 }, (_, index) => `API${index + 1}:2023`),
  );
});

describe.each(sections)("$title", ({ tests }) => {
  test("names tests, and each is there", () => {
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((path) => !existsSync(path))).toEqual([]);
  });
});
