/** Prose wraps at 120 characters, in every page of the project; `npm run docs` does it. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { lineLengthMax, longLines, pages, wrapped } from "../../support/wrapped.ts";

const word = "word ".repeat(40).trim();

test.each(pages())("%s has no line of prose beyond 120 characters", (page) => {
  expect(longLines(readFileSync(page, "utf8"))).toEqual([]);
});

test("a paragraph and an item are filled, their indent kept, and no word is lost", () => {
  const page = `${word}\n\n- ${word}\n  - ${word}\n`;
  const lines = wrapped(page).split("\n");
  expect(lines.filter((line) => line.length > lineLengthMax)).toEqual([]);
  expect(lines.slice(3, 7)).toEqual([
    expect.stringMatching(/^- word/),
    expect.stringMatching(/^ {2}word/),
    expect.stringMatching(/^ {2}- word/),
    expect.stringMatching(/^ {4}word/),
  ]);
  expect(wrapped(page).split(/\s+/)).toEqual(page.split(/\s+/));
});

test("tables, headings, code and short lines stay as they are", () => {
  const page = `# ${word}\n\n| ${word} |\n\n\`\`\`sh\n${word}\n\`\`\`\n\nshort\nlines\n`;
  expect(wrapped(page)).toBe(page);
  expect(longLines(page)).toEqual([]);
});

test("a span of code is never broken, and no line begins like a list", () => {
  const page = `${"x".repeat(112)} \`a b c d e f\` ${"y".repeat(100)} - z\n`;
  const lines = wrapped(page).split("\n");
  expect(lines[1]).toMatch(/^`a b c d e f`/);
  expect(lines.some((line) => line.startsWith("- "))).toBe(false);
});
