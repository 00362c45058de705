/** Token counts agree with the encoding, for any text, in time that grows with its length. */

import { countTokens } from "gpt-tokenizer/encoding/cl100k_base";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "#agent/tokenizer.ts";
import { createTurns } from "#core/turns.ts";

const tokenizer = await loadTokenizer();
const work = { nextTurn: createTurns(), signal: new AbortController().signal };

describe("what is taken apart comes together again", () => {
  const rows = [
    ["prose", "The quick brown fox jumps over the lazy dog. ".repeat(200)],
    ["nothing", ""],
    ["characters of several tokens", "héllo 👩‍👩‍👧 漢字 ".repeat(300)],
    ["a run without spaces, of surrogate pairs", `x${"👩".repeat(3000)}`],
    ["what looks like a control token", "a <|endoftext|> b <|im_start|>"],
  ] as const;
  test.each(rows)("%s", async (_, text) => {
    const tokens = await tokenizer.encode(text, work);
    expect(tokenizer.decode(tokens)).toBe(text);
    expect([...tokenizer.pieces(tokens)].join("")).toBe(text);
    expect(await tokenizer.count(text, work)).toBe(tokens.length);
  });
});

test("prose of any length counts exactly as the encoding has it", async () => {
  const text = "Gateways forward calls, count tokens and stay out of the way. ".repeat(500);
  expect(await tokenizer.count(text, work)).toBe(countTokens(text));
});

test("a long run without spaces, whose merging would be quadratic, comes to an end", async () => {
  expect(await tokenizer.count("a".repeat(500_000), work)).toBeGreaterThan(60_000);
});

test("a long text takes a turn for each block but the first, a short one none", async () => {
  let turns = 0;
  const nextTurn = async () => {
    turns += 1;
  };
  await tokenizer.encode("a".repeat(1024), { ...work, nextTurn });
  expect(turns).toBe(0);
  await tokenizer.count("a".repeat(10 * 1024), { ...work, nextTurn });
  expect(turns).toBe(9);
});

test("reading ends between two blocks when its caller leaves", async () => {
  const leaving = new AbortController();
  let turns = 0;
  const nextTurn = async () => {
    turns += 1;
    if (turns === 3) leaving.abort(new Error("left"));
  };
  const reading = tokenizer.count("a".repeat(100_000), { nextTurn, signal: leaving.signal });
  await expect(reading).rejects.toThrow("left");
  expect(turns).toBe(3);
});
