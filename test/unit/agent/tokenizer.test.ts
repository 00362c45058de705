/** Token counts agree with the encoding, for any text, in time that grows with its length. */

import { countTokens } from "gpt-tokenizer/encoding/cl100k_base";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "#agent/tokenizer.ts";

const tokenizer = await loadTokenizer();

describe("what is taken apart comes together again", () => {
  const rows = [
    ["prose", "The quick brown fox jumps over the lazy dog. ".repeat(200)],
    ["nothing", ""],
    ["characters of several tokens", "héllo 👩‍👩‍👧 漢字 ".repeat(300)],
    ["a run without spaces, of surrogate pairs", `x${"👩".repeat(3000)}`],
    ["what looks like a control token", "a <|endoftext|> b <|im_start|>"],
  ] as const;
  test.each(rows)("%s", (_, text) => {
    const tokens = tokenizer.encode(text);
    expect(tokenizer.decode(tokens)).toBe(text);
    expect([...tokenizer.pieces(tokens)].join("")).toBe(text);
    expect(tokenizer.count(text)).toBe(tokens.length);
  });
});

test("prose of any length counts exactly as the encoding has it", () => {
  const text = "Gateways forward calls, count tokens and stay out of the way. ".repeat(500);
  expect(tokenizer.count(text)).toBe(countTokens(text));
});

test("a long run without spaces, whose merging would be quadratic, comes to an end", () => {
  expect(tokenizer.count("a".repeat(500_000))).toBeGreaterThan(60_000);
});
