/** The pages: links lead somewhere, headings go down a step at a time, and tests that are named are there. */

import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { pages } from "../../support/wrapped.ts";

/** Prose and headings, without blocks of code. */
const proseOf = (page: string) =>
  readFileSync(page, "utf8").replaceAll(/^(```|~~~)[\s\S]*?^\1$/gm, "");

const levelsOf = (text: string) =>
  [...text.matchAll(/^(#+) /gm)].map(([, { length } = ""]) => length);

/** What GitHub makes of a heading. */
const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

function leadsSomewhere(page: string, link: string): boolean {
  const [path = "", anchor] = link.split("#");
  const target = path === "" ? page : join(dirname(page), path);
  return existsSync(target) && (anchor === undefined || anchorsOf(target).includes(anchor));
}

describe.each(pages())("%s", (page) => {
  const text = proseOf(page);

  test("every relative link leads somewhere", () => {
    const links = [...text.matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)].map(
      ([, link = ""]) => link,
    );
    expect(links.filter((link) => !leadsSomewhere(page, link))).toEqual([]);
  });

  test("has one title, and no heading skips a level", () => {
    const [first, ...others] = levelsOf(text);
    expect(first).toBe(1);
    expect(others).not.toContain(1);
    expect(others.filter((level, index) => level > ([first, ...others][index] ?? 0) + 1)).toEqual(
      [],
    );
  });

  test("every test that it names is there", () => {
    const named = [...text.matchAll(/`(test\/[\w./*-]+)`/g)].map(([, path = ""]) => path);
    const missing = named.filter(
      (path) => globSync([path, `${path}.test.ts`, `${path}*`]).length === 0,
    );
    expect(missing).toEqual([]);
  });
});
