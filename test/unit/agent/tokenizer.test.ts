/** Token counts agree with the encoding, for any text, in time that grows with its length. */

import encoding, { countTokens, encode } from "gpt-tokenizer/encoding/cl100k_base";
import { describe, expect, test } from "vitest";
import { loadTokenizer } from "#agent/tokenizer.ts";
import type { Work } from "#agent/work.ts";
import { systemClock } from "#core/clock.ts";
import { createTurns } from "#core/turns.ts";

const tokenizer = await loadTokenizer();
const work: Work = { turns: createTurns(systemClock), signal: new AbortController().signal };

/** What the library remembers. */
interface LibraryInside {
  readonly bytePairEncodingCoreProcessor: { readonly mergeCache: ReadonlyMap<string, unknown> };
}

/** Work whose slices are counted; `slice` is called with each one's number. */
function countedWork(slice: (number: number) => void, signal = work.signal): Work {
  let count = 0;
  const next = () => {
    count += 1;
    slice(count);
    return undefined;
  };
  return { turns: { next, later: () => Promise.resolve() }, signal };
}

async function readAll(text: string, tokensMax?: number) {
  const blocks = await Array.fromAsync(tokenizer.read(text, work, tokensMax));
  return {
    pieces: blocks.flatMap(({ pieces }) => pieces),
    tokenCount: blocks.reduce((sum, { tokenCount }) => sum + tokenCount, 0),
    isCut: blocks.some(({ isCut }) => isCut),
  };
}

describe("the pieces of a text are the text", () => {
  const rows = [
    ["prose", "The quick brown fox jumps over the lazy dog. ".repeat(200)],
    ["nothing", ""],
    ["characters of several tokens", "héllo 👩‍👩‍👧 漢字 ".repeat(300)],
    ["a run without spaces, of surrogate pairs", `x${"👩".repeat(3000)}`],
    ["letters that the encoding knows by their bytes alone", "𪛖".repeat(3000)],
    ["what looks like a control token", "a <|endoftext|> b <|im_start|>"],
    ["every kind of white space", " \t\n\r\u00a0\u2028".repeat(500)],
  ] as const;
  test.each(rows)("%s", async (_, text) => {
    const { pieces, tokenCount, isCut } = await readAll(text);
    expect(pieces.join("")).toBe(text);
    expect(isCut).toBe(false);
    expect(await tokenizer.count(text, work)).toBe(tokenCount);
  });
});

test("a piece is a token, but for tokens that share one character", async () => {
  expect((await readAll("hello big world")).pieces).toEqual(["hello", " big", " world"]);
  expect(encode("😀😀").length).toBeGreaterThan(2);
  expect((await readAll("😀😀x")).pieces).toEqual(["😀", "😀", "x"]);
});

test("half a surrogate pair is U+FFFD, as it is in UTF-8", async () => {
  expect((await readAll("a\ud83d b\ude00")).pieces.join("")).toBe("a\ufffd b\ufffd");
  expect((await readAll("\ude00".repeat(2000))).pieces.join("")).toBe("\ufffd".repeat(2000));
});

describe("a limit of tokens", () => {
  test("cuts the text, and what it cuts within a character is U+FFFD", async () => {
    expect(await readAll("😀", 1)).toEqual({ pieces: ["\ufffd"], tokenCount: 1, isCut: true });
    expect(await readAll("x漢x", 2)).toEqual({
      pieces: ["x", "\ufffd"],
      tokenCount: 2,
      isCut: true,
    });
    expect(await readAll("x 漢x", 2)).toMatchObject({ pieces: ["x", " ", "\ufffd"] });
  });

  test("of all tokens, at the end of a block or of the text, cuts only where text is left", async () => {
    const block = "a".repeat(512);
    const tokens = await tokenizer.count(block, work);
    expect(await readAll(block, tokens)).toMatchObject({ tokenCount: tokens, isCut: false });
    expect(await readAll(`${block}b`, tokens)).toMatchObject({ tokenCount: tokens, isCut: true });
    expect(await readAll(block, tokens + 1)).toMatchObject({ tokenCount: tokens, isCut: false });
    expect(await readAll(block, tokens - 1)).toMatchObject({ tokenCount: tokens - 1, isCut: true });
  });

  test("is what is tokenized: nothing beyond it is looked at", async () => {
    let slices = 0;
    const counted = countedWork(() => (slices += 1));
    await Array.fromAsync(tokenizer.read("a ".repeat(100_000), counted, 10));
    expect(slices).toBe(1);
  });
});

test("prose of any length counts exactly as the encoding has it", async () => {
  const text = "Gateways forward calls, count tokens and stay out of the way. ".repeat(500);
  expect(await tokenizer.count(text, work)).toBe(countTokens(text));
});

test("a long run without spaces, whose merging would be quadratic, comes to an end", async () => {
  expect(await tokenizer.count("a".repeat(500_000), work)).toBeGreaterThan(60_000);
});

test("two texts that are read in turns keep their characters to themselves", async () => {
  const one = tokenizer.read("😀", work, 1);
  const other = tokenizer.read(`${"😀".repeat(400)}x`, work);
  const pieces = { one: "", other: "" };
  for (let round = 0; round < 3; round += 1) {
    for (const [name, reading] of [
      ["one", one],
      ["other", other],
    ] as const) {
      const block = await reading.next();
      if (!block.done) pieces[name] += block.value.pieces.join("");
    }
  }
  expect(pieces).toEqual({ one: "\ufffd", other: `${"😀".repeat(400)}x` });
});

test("the library remembers a bounded number of words", async () => {
  const { mergeCache } = (encoding as unknown as LibraryInside).bytePairEncodingCoreProcessor;
  const letters = (index: number) =>
    index
      .toString(6)
      .padStart(5, "0")
      .replace(/\d/g, (digit) => "qxzjkv"[Number(digit)] ?? "");
  const words = Array.from({ length: 5000 }, (_, index) => `${letters(index)}wq`);
  await tokenizer.count(words.join(" "), work);
  expect(mergeCache.size).toBe(2000);
});

describe("a text is read in slices of at most 512 characters", () => {
  test("each of which is asked for", async () => {
    let slices = 0;
    const counted = countedWork(() => (slices += 1));
    await tokenizer.count("a".repeat(512), counted);
    expect(slices).toBe(1);
    await tokenizer.count("a".repeat(10 * 512), counted);
    expect(slices).toBe(11);
  });

  test.each([
    [
      "before a pair whose second half is the first of its kind",
      `x${"\u{10000}".repeat(300)}`,
      511,
    ],
    ["before a pair whose second half is the last of its kind", `x${"\u{103ff}".repeat(300)}`, 511],
    ["behind a character above all halves", "\uff0c".repeat(600), 512],
  ])("which ends %s", async (_, text, length) => {
    const { value } = await tokenizer.read(text, work).next();
    expect(value?.pieces.join("")).toBe(text.slice(0, length));
  });

  test("and pulled: a reader that wants no more has no more tokenized", async () => {
    let slices = 0;
    const counted = countedWork(() => (slices += 1));
    const reading = tokenizer.read("a".repeat(100_000), counted);
    await reading.next();
    await reading.next();
    expect(slices).toBe(2);
    await reading.return();
  });

  test("and no further once the caller has left", async () => {
    const leaving = new AbortController();
    let slices = 0;
    const counted = countedWork((number) => {
      slices = number;
      if (number === 3) leaving.abort(new Error("left"));
    }, leaving.signal);
    const reading = tokenizer.count("a".repeat(100_000), counted);
    await expect(reading).rejects.toThrow("left");
    expect(slices).toBe(3);
  });
});
