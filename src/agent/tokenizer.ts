/** Splits text into cl100k_base tokens, in time that grows with the length of any text. */

import { optionalPackage } from "#core/optional-package.ts";
import { inTurn, type Work } from "./work.ts";

/** A tokenizer with its tables in memory. Of texts it keeps no more than `mergesMax` blocks. */
export interface Tokenizer {
  /** Number of tokens of `text`; words that look like control tokens are text like any other. */
  count(text: string, work: Work): Promise<number>;
  /**
   * The text as far as `tokensMax` tokens reach (default: all of it), block by block. Each block is
   * tokenized when it is pulled.
   */
  read(text: string, work: Work, tokensMax?: number): AsyncGenerator<TokenBlock, void, void>;
}

/** The tokens of a stretch of text. */
export interface TokenBlock {
  /**
   * Their text, one piece per token; tokens that share one character share one piece. A character
   * whose last token is beyond the limit is U+FFFD.
   */
  readonly pieces: readonly string[];
  readonly tokenCount: number;
  /** There is more text, but the limit is reached. */
  readonly isCut: boolean;
}

/**
 * Merging is quadratic in a run without breaks, so no run is longer than this (UTF-16 units).
 * Tokenizing a block takes 2 ms at worst.
 */
const blockLengthMax = 512;

/**
 * Words without a token of their own whose tokens the library remembers. Each keeps the block that
 * it was cut from, so that this bounds memory, too: 2 MB, 25 MB at worst.
 */
const mergesMax = 2000;

const plainText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };

/** Imports the tables on first use (docs/design/agent.md says what they cost). */
export async function loadTokenizer(): Promise<Tokenizer> {
  const [{ countTokens, encode, setMergeCacheSize }, { default: tokenTexts }] =
    await optionalPackage("gpt-tokenizer", () =>
      Promise.all([
        import("gpt-tokenizer/encoding/cl100k_base"),
        import("gpt-tokenizer/bpeRanks/cl100k_base"),
      ]),
    );
  setMergeCacheSize(mergesMax);

  return {
    async count(text, work) {
      let count = 0;
      for (const block of blocks(text.toWellFormed())) {
        count += await inTurn(work, () => countTokens(block, plainText));
      }
      return count;
    },

    async *read(text, work, tokensMax = Number.POSITIVE_INFINITY) {
      let left = tokensMax;
      let readLength = 0;
      const whole = text.toWellFormed();
      for (const block of blocks(whole)) {
        const tokens = await inTurn(work, () => encode(block, plainText));
        const taken = tokens.slice(0, left);
        left -= taken.length;
        readLength += block.length;
        const isCut = left === 0 && (taken.length < tokens.length || readLength < whole.length);
        yield { pieces: piecesOf(block, taken, tokenTexts), tokenCount: taken.length, isCut };
        if (left === 0) return;
      }
    },
  };
}

/** A token's text, or its bytes where they are no whole characters; by token number. */
type TokenTexts = readonly (string | readonly number[])[];

/**
 * Cuts `block` where its `tokens` end. Nothing is decoded: the tokens are those of the text itself,
 * so that counting their bytes is enough.
 */
function piecesOf(block: string, tokens: readonly number[], texts: TokenTexts): string[] {
  const pieces: string[] = [];
  let at = 0;
  /** Bytes of the tokens so far that belong to the character at `at`. */
  let openBytes = 0;
  for (const token of tokens) {
    const text = texts[token] ?? "";
    if (typeof text === "string") {
      pieces.push(text);
      at += text.length;
      continue;
    }
    const start = at;
    openBytes += text.length;
    for (let bytes = utf8BytesAt(block, at); bytes <= openBytes; bytes = utf8BytesAt(block, at)) {
      openBytes -= bytes;
      at += bytes === 4 ? 2 : 1;
    }
    if (at > start) pieces.push(block.slice(start, at));
  }
  if (openBytes > 0) pieces.push("\ufffd");
  return pieces;
}

/** Bytes of the character at `at`; more than any has at the end of the text. */
function utf8BytesAt(text: string, at: number): number {
  const code = text.codePointAt(at);
  if (code === undefined) return Number.POSITIVE_INFINITY;
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code < 0x1_0000 ? 3 : 4;
}

/**
 * Cuts `text` before its spaces, where tokens begin anyway, so that cutting rarely changes a count;
 * a run without spaces is cut anywhere but inside a character.
 */
function* blocks(text: string): Generator<string, void, undefined> {
  let start = 0;
  while (text.length - start > blockLengthMax) {
    const window = text.slice(start, start + blockLengthMax + 1);
    // Within the window alone: a search from further back would be quadratic without spaces.
    const space = window.lastIndexOf(" ");
    let length = space > 0 ? space : blockLengthMax;
    if (isLowSurrogate(window.charCodeAt(length))) length -= 1;
    yield copyOf(window.slice(0, length));
    start += length;
  }
  yield start === 0 ? text : copyOf(text.slice(start));
}

/** The same text in memory of its own: a slice, and whatever is cut from it, may keep the whole. */
function copyOf(slice: string): string {
  return Buffer.from(slice).toString();
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
