/** YAML text is read in a time that grows with its length alone, whatever it is made of. */

import { expect, test } from "vitest";
import { sourceBytesMax, sourceFrom } from "#yaml/source.ts";

const read = (text: string) => sourceFrom(Buffer.from(text), "a.yaml", { env: {} });
const problemsOf = (text: string) => read(text).problems.map(({ message }) => message);

test("an alias is the last value before it that has its anchor, and what is not there is told", () => {
  expect(read("a: &x 1\nb: &x 2\nc: *x\n").draft.root).toEqual({ a: 1, b: 2, c: 2 });
  expect(read("a: &x { y: [1] }\nb: *x\n").draft.root).toEqual({ a: { y: [1] }, b: { y: [1] } });
  expect(problemsOf("a: *x\nb: &x 1\n")).toEqual(["names an anchor that is not there"]);
});

test("an alias in its own value is found out by its depth", () => {
  expect(problemsOf("a: &x [*x]\n")).toEqual(["is nested deeper than 32 levels"]);
});

// Each took minutes, at a tenth of this size, when keys were compared with each other and anchors searched for.
test.each([
  [
    "keys",
    1,
    (count: number) => Array.from({ length: Math.floor(count) }, (_, at) => `k${at}: 1`).join("\n"),
  ],
  [
    "aliases",
    2,
    (count: number) =>
      `a: &a {}\n${Array.from({ length: Math.floor(count) }, (_, at) => `b${at}: *a`).join("\n")}`,
  ],
])("as many %s as there may be values are read", (_name, values, text) => {
  expect(problemsOf(text(19_000 / values))).toEqual([]);
  expect(problemsOf(text(20_001 / values))).toEqual(["comes to more than 20000 values"]);
});

test.each(["[", "{", "- ", "? ", "*a ", "&a ", "!t ", '"x" ', "a: "])(
  "a whole file of `%s` is refused before it is parsed",
  (word) => {
    const text = word.repeat(Math.floor(sourceBytesMax / word.length));
    expect(problemsOf(text)).toEqual(["has more than 150000 words and signs"]);
  },
);
