/** Splits text into cl100k_base tokens and back, in time that grows with the length of any text. */

import type { NextTurn } from "#core/turns.ts";

/** A tokenizer with its tables in memory. Reading a text takes a turn for each block behind its first. */
export interface Tokenizer {
  /** Token numbers of `text`; words that look like control tokens are text like any other. */
  encode(text: string, work: TokenWork): Promise<number[]>;
  /** Number of tokens of `text`. */
  count(text: string, work: TokenWork): Promise<number>;
  /** The text of `tokens`. A character that was cut in two comes out as U+FFFD. */
  decode(tokens: readonly number[]): string;
  /** The same text, a piece a token; tokens that share one character share one piece. */
  pieces(tokens: readonly number[]): Iterable<string>;
}

/** What reading a text depends on. */
export interface TokenWork {
  readonly nextTurn: NextTurn;
  /** When it aborts, reading ends and its reason is thrown. */
  readonly signal: AbortSignal;
}

/** Merging is quadratic in a run without breaks, so no run is longer than this (UTF-16 units). */
const blockLengthMax = 1024;

const plainText = { allowedSpecial: new Set<string>(), disallowedSpecial: new Set<string>() };

/** Imports the tables on first use (docs/design/agent.md says what they cost). */
export async function loadTokenizer(): Promise<Tokenizer> {
  const { countTokens, decode, decodeGenerator, encode } = await import(
    "gpt-tokenizer/encoding/cl100k_base"
  );
  return {
    async encode(text, work) {
      const tokens: number[] = [];
      for await (const block of inTurns(blocks(text), work)) {
        for (const token of encode(block, plainText)) tokens.push(token);
      }
      return tokens;
    },
    async count(text, work) {
      let count = 0;
      for await (const block of inTurns(blocks(text), work)) count += countTokens(block, plainText);
      return count;
    },
    decode: (tokens) => decode(tokens),
    pieces: (tokens) => decodeGenerator(tokens),
  };
}

/** The first part at once, each later one in a turn of its own. */
async function* inTurns<T>(parts: Iterable<T>, { nextTurn, signal }: TokenWork) {
  let isFirst = true;
  for (const part of parts) {
    if (!isFirst) await nextTurn();
    isFirst = false;
    signal.throwIfAborted();
    yield part;
  }
}

/**
 * Cuts `text` before its spaces, where tokens begin anyway, so that cutting rarely changes a count;
 * a run without spaces is cut anywhere but inside a character.
 */
function* blocks(text: string): Generator<string, void, undefined> {
  let start = 0;
  while (text.length - start > blockLengthMax) {
    const space = text.lastIndexOf(" ", start + blockLengthMax);
    let end = space > start ? space : start + blockLengthMax;
    if (isLowSurrogate(text.charCodeAt(end))) end -= 1;
    yield text.slice(start, end);
    start = end;
  }
  yield text.slice(start);
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
