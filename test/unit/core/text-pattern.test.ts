import { expect, test } from "vitest";
import { matchesPattern } from "#core/text-pattern.ts";

test.each([
  ["gpt-4o", "gpt-4o", true],
  ["gpt-4o", "gpt-4", false],
  ["gpt-4o", "GPT-4o", false],
  ["gpt-4o", "gpt-*", true],
  ["gpt-4o-mini", "*-mini", true],
  ["gpt-4o-mini", "gpt*mini", true],
  ["gpt-4o-mini", "g*4*i", true],
  ["gpt-4o", "*", true],
  ["", "*", true],
  ["", "", true],
  ["a", "", false],
  ["aa", "a*a", true],
  // The same character is not counted twice.
  ["a", "a*a", false],
  ["ab", "a*b*b", false],
  ["a.b", "a?b", false],
  ["axb", "a.b", false],
  ["abcabc", "*abc*abc*", true],
  ["abc", "*abc*abc*", false],
] as const)("%j is meant by %j: %s", (text, pattern, isMeant) => {
  expect(matchesPattern(text, pattern)).toBe(isMeant);
});

test("a pattern of stars against a long text that does not match is soon decided", () => {
  const text = "a".repeat(100_000);
  expect(matchesPattern(text, `${"*a".repeat(50)}*b`)).toBe(false);
});
