import { describe, expect, test } from "vitest";
import { openTokenizer } from "#backends/onnx/tokenizer.ts";
import { wordTokenizer } from "../../../support/onnx-models.ts";
import { refusal } from "../../../support/predict.ts";

const open = (maxTokens = 8, prefix = "") => openTokenizer(wordTokenizer, { maxTokens, prefix });

describe("a text becomes", () => {
  const rows = [
    { text: "cat dog", ids: [2, 4, 5, 3], cutTokens: 0 },
    { text: "CATS, bird", ids: [2, 4, 6, 1, 1, 3], cutTokens: 0 },
    { text: "", ids: [2, 3], cutTokens: 0 },
    { text: "cat dog cat dog cat dog cat", ids: [2, 4, 5, 4, 5, 4, 5, 3], cutTokens: 1 },
  ];
  test.each(rows)("of $text the tokens $ids", async ({ text, ids, cutTokens }) => {
    expect((await open()).encode(text)).toMatchObject({ ids, cutTokens });
  });

  test("what stands in front of every text, too", async () => {
    expect((await open(8, "dog ")).encode("cat").ids).toEqual([2, 5, 4, 3]);
  });

  test("no more tokens than the model reads, though fewer than those around a text", async () => {
    expect((await open(1)).encode("cat").ids).toHaveLength(1);
  });

  test("that are beyond many blanks, of which there are no tokens", async () => {
    const far = `cat${" ".repeat(40)}dog${" ".repeat(100)}cats`;
    expect((await open(8)).encode(far).ids).toEqual([2, 4, 5, 4, 6, 3]);
  });

  test("of a text without end the beginning, of which no more is looked at", async () => {
    const { ids, cutTokens } = (await open(4)).encode("cat ".repeat(1_000_000));
    expect(ids).toEqual([2, 4, 4, 3]);
    expect(cutTokens).toBeLessThan(100);
  });
});

test("the limit is the tokenizer's own where model.yaml has none, else 512", async () => {
  const own = JSON.stringify({ ...JSON.parse(wordTokenizer), truncation: { max_length: 6 } });
  expect((await openTokenizer(own, { prefix: "" })).tokensMax).toBe(6);
  expect((await openTokenizer(wordTokenizer, { prefix: "" })).tokensMax).toBe(512);
});

describe("what is no tokenizer is refused", () => {
  const rows = [
    { name: "text that is no JSON", json: "{" },
    { name: "another document", json: "{}" },
    { name: "a list", json: "[]" },
    { name: "nothing", json: "null" },
  ];
  test.each(rows)("$name", async ({ json }) => {
    expect(await refusal(openTokenizer(json, { prefix: "" }))).toMatchObject({
      reason: "MODEL_LOAD_FAILED",
      message: "tokenizer.json cannot be read",
    });
  });
});
