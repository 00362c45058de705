/** What a terminal shows of texts of others: nothing in them moves its cursor, ends its line or turns its text around. */

import { expect, test } from "vitest";
import { printable, textTable } from "../../../src/terminal/text-table.ts";

/** All characters from the one to the other. */
const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, at) => String.fromCodePoint(from + at));

test("what ends a line, moves the cursor or changes the direction of text is replaced, each by one sign", () => {
  const obeyed = [
    ...range(0x00, 0x1f),
    ...range(0x7f, 0x9f),
    ...range(0x2028, 0x2029),
    "\u061c",
    ...range(0x200e, 0x200f),
    ...range(0x202a, 0x202e),
    ...range(0x2066, 0x2069),
  ];
  for (const character of obeyed) expect(printable(`a${character}b`)).toBe("a\ufffdb");
});

test("letters of every script stay, those that are written from right to left too", () => {
  const text = "naïve שלום سلام 日本 👩‍🚀";
  expect(printable(text)).toBe(text);
});

test("a cell cannot turn the rest of its row around", () => {
  const [, row] = textTable(["NAME", "SCOPES"], [["key\u202enimda", "route"]]).split("\n");
  expect(row).toBe("key\ufffdnimda  route");
});
