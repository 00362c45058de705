/** The code units of texts, and that the rooms of every call read them by the function that is fast for all texts. */

import { globSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { codeAt } from "#core/code-at.ts";

test.each([
  "",
  "a",
  "é",
  "\u{1f600}",
  `${"x".repeat(20)}${"y".repeat(20)}`,
  "z".repeat(40).slice(3),
])("of %j is what the text's own method says, beyond its end and before it, too", (text) => {
  for (let index = -1; index <= text.length + 1; index += 1) {
    expect(codeAt(text, index)).toBe(text.charCodeAt(index));
  }
});

test("no loop of a room that every call goes through asks the text itself", () => {
  const rooms = "src/{http,http1,http2,json,protobuf,routing,validation}/**/*.ts";
  const asking = globSync(rooms).filter((file) =>
    // A table is made once, and of one kind of text.
    readFileSync(file, "utf8")
      .replace(/^.*for \(const character of .*$/gm, "")
      .includes(".charCodeAt("),
  );
  expect(asking).toEqual([]);
});
