/** Where strings of JSON end, whatever is escaped in them. */

import { expect, test } from "vitest";
import { endOfString } from "#core/json-text.ts";

test.each([
  { name: "at the next quote", text: '"abc","d"', at: 0, end: 4 },
  { name: "at once when it is empty", text: '"":"', at: 0, end: 1 },
  { name: "from where it begins, not before", text: '"a","bc"', at: 4, end: 7 },
  { name: "behind quotes that are escaped", text: String.raw`"a\"b\"c",`, at: 0, end: 8 },
  { name: "at a quote behind an escaped backslash", text: String.raw`"a\\","b"`, at: 0, end: 4 },
  { name: "behind one of three backslashes", text: String.raw`"\\\"" "`, at: 0, end: 5 },
  { name: "nowhere when no quote follows", text: '"abc', at: 0, end: 4 },
  { name: "nowhere when the last quote is escaped", text: String.raw`"abc\"`, at: 0, end: 6 },
])("a string ends $name", ({ text, at, end }) => {
  expect(endOfString(Buffer.from(text), at)).toBe(end);
});
