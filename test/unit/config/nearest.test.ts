/** Guesses are made when they help, and not otherwise. */

import { expect, test } from "vitest";
import { nearest } from "#config/nearest.ts";

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
