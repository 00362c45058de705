/** Guesses are made when they help, and not otherwise. */

import { expect, test } from "vitest";
import { nearest } from "#yaml/nearest.ts";

const known = ["retry_attempts", "algorithm", "timeout", "url"];
const rows = [
  { name: "a letter missing", word: "algoritm", meant: "algorithm" },
  { name: "neighbours swapped", word: "tiemout", meant: "timeout" },
  { name: "camel case of a known word", word: "retryAttempts", meant: "retry_attempts" },
  { name: "a short word may be one letter off", word: "uri", meant: "url" },
  { name: "a word like none is left alone", word: "banana", meant: undefined },
];
test.each(rows)("nearest: $name", ({ word, meant }) => {
  expect(nearest(word, known)).toBe(meant);
});

test("nearest: a narrower bound is kept", () => {
  expect(nearest("preproduction", ["production"], 2)).toBeUndefined();
  expect(nearest("prodction", ["production"], 2)).toBe("production");
});

test.each([
  ["a letter replaced", "timeeut", "timeout", 1],
  ["two letters before it", "url", "my_url", 2],
  ["two letters behind it", "timeoutxx", "timeout", 2],
  ["three of its letters missing", "tmt", "timeot", 3],
  ["neighbours swapped", "tiemout", "timeout", 1],
  ["neighbours swapped behind a letter too many", "xtiemout", "timeout", 2],
  ["letters that only look swapped", "ba", "ac", 2],
  ["the same letters but for case and lines", "MY-Url", "my_url", 0],
])("nearest: %s are so many edits", (_name, word, meant, edits) => {
  expect(nearest(word, [meant], edits)).toBe(meant);
  if (edits > 0) expect(nearest(word, [meant], edits - 1)).toBeUndefined();
});

test("nearest: of a long word a third may be wrong", () => {
  expect(nearest("retry_atempt", known)).toBe("retry_attempts");
});

test("nearest: the closest wins, the first of equals", () => {
  expect(nearest("timeou", ["timeouts", "timeout"])).toBe("timeout");
  expect(nearest("ab", ["ax", "ay"])).toBe("ax");
});
