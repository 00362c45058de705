/** Takes a JSON text apart into its tokens, from left to right (RFC 8259). */

import { codeAt } from "#core/code-at.ts";
import { JsonProblem } from "./problem.ts";
import type { TextParts } from "./text-parts.ts";

/** Characters with a meaning of their own. */
export const mark = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const;

const space = 0x20;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const tab = 0x09;
const point = 0x2e;
const plus = 0x2b;
const smallE = 0x65;
const capitalE = 0x45;
const smallU = 0x75;

/** Characters of a string, or blanks, that are looked at one by one; from there on the runtime is faster. */
const loopedChars = 128;
/** Longest string that is read in one go, in characters; and of a text in parts, of which little is here. */
const stringCharsMax = 65_536;
const partialStringCharsMax = 12_288;
/** Longest number, in characters: an exact value of more digits is no one's. */
const numberCharsMax = 1_000;
/** Strings out of longer texts are copied, or each would keep the whole text in memory. */
const sharedCharsMax = 16_384;
/** Of a text in parts, as much is here before it is read on: what is read between two pauses, a name and a string after it. */
const aheadCharsMin = 16_384 + 3 * partialStringCharsMax;
/** Parts are added up to here. With twice as much the text were a large object for V8, which is collected late. */
const aheadChars = 64_000;
/** The runtime copies strings below this length by itself. */
const copiedChars = 13;

/** Integers of as many digits are exact as doubles. */
const exactDigits = 15;
const nonBlank = /[^ \t\n\r]/g;

function isBlank(code: number): boolean {
  return code === space || code === lineFeed || code === carriageReturn || code === tab;
}

function isDigit(code: number): boolean {
  return code >= mark.zero && code <= mark.nine;
}

/** Escapes can write what no UTF-8 can. */
function requireWhole(string: string): void {
  if (!string.isWellFormed()) throw new JsonProblem("unfit", "half of a surrogate pair is no text");
}

function longNumber(): JsonProblem {
  return new JsonProblem("limit", `a number of more than ${numberCharsMax} characters`);
}

/** A place in a text, of which what was read long ago may be gone and what comes later may not be here. */
export class Cursor {
  /** As much of the text as is here. */
  text: string;
  /** The place in `text`. */
  at = 0;
  /** Who reads pauses here. */
  pauseAt = 0;
  /** Where the number that was read last begins. */
  numberAt = 0;
  readonly comesInParts: boolean;
  /** Longest string that is read in one go. */
  readonly stringCharsMax: number;
  readonly #isLong: boolean;
  /** Where the rest comes from; undefined once all is here. */
  #parts: TextParts | undefined;
  /** Characters before `text`. */
  #goneChars = 0;

  constructor(text: string | TextParts) {
    this.comesInParts = typeof text !== "string";
    this.text = typeof text === "string" ? text : "";
    this.#parts = typeof text === "string" ? undefined : text;
    this.stringCharsMax = this.comesInParts ? partialStringCharsMax : stringCharsMax;
    this.#isLong = this.comesInParts || this.text.length > sharedCharsMax;
  }

  /** The place in the whole text. */
  get position(): number {
    return this.#goneChars + this.at;
  }

  /** Whether more of the text comes. */
  get isPartial(): boolean {
    return this.#parts !== undefined;
  }

  /** Has enough of the text here to read on, and lets go of what was read: `at` and `pauseAt` are others then. */
  readAhead(): void {
    if (this.#parts === undefined || this.text.length - this.at >= aheadCharsMin) return;
    this.#goneChars += this.at;
    this.text = this.text.slice(this.at);
    this.pauseAt -= this.at;
    this.at = 0;
    this.#extend(aheadChars);
  }

  /** Adds parts until as many characters are here, if there are so many. */
  #extend(chars: number): void {
    const parts = [this.text];
    let length = this.text.length;
    while (this.#parts !== undefined && length < chars) {
      const part = this.#parts.next();
      if (part === undefined) this.#parts = undefined;
      else parts.push(part);
      length += part?.length ?? 0;
    }
    this.text = parts.join("");
  }

  /** The next character that is no blank, where the cursor then stands; NaN at the end. */
  token(): number {
    const code = codeAt(this.text, this.at);
    return code > space ? code : this.#afterBlanks();
  }

  #afterBlanks(): number {
    const { text } = this;
    const end = this.at + loopedChars;
    let { at } = this;
    while (at < end && isBlank(codeAt(text, at))) at += 1;
    this.at = at;
    if (at === end || (at === text.length && this.#parts !== undefined)) this.#afterManyBlanks();
    return codeAt(this.text, this.at);
  }

  #afterManyBlanks(): void {
    let found: number | undefined;
    do {
      nonBlank.lastIndex = this.at;
      found = nonBlank.exec(this.text)?.index;
      this.at = found ?? this.text.length;
      this.readAhead();
    } while (found === undefined && this.at < this.text.length);
  }

  /** Steps over a mark that must be next; `expected` is for the error. */
  expect(code: number, expected: string): void {
    if (this.token() !== code) throw this.unexpected(expected);
    this.at += 1;
  }

  /** The end of a text that holds one value. */
  expectEnd(): void {
    if (!Number.isNaN(this.token())) throw this.unexpected("the text to end");
  }

  /** The error for what stands at the cursor. */
  unexpected(expected: string): JsonProblem {
    const point = this.text.codePointAt(this.at);
    const found =
      point === undefined ? "the text ends" : JSON.stringify(String.fromCodePoint(point));
    const text = `expected ${expected} at position ${this.position}, found ${found}`;
    return new JsonProblem("malformed", text);
  }

  /** `true`, `false` or `null`. */
  literal(): boolean | null {
    const { text, at } = this;
    if (text.startsWith("true", at)) {
      this.at += 4;
      return true;
    }
    if (text.startsWith("false", at)) {
      this.at += 5;
      return false;
    }
    if (text.startsWith("null", at)) {
      this.at += 4;
      return null;
    }
    throw this.unexpected("a value");
  }

  /** A number, as the nearest double: infinity when it is beyond all of them. */
  number(): number {
    const { text, at: start } = this;
    const first = codeAt(text, start) === mark.minus ? start + 1 : start;
    let at = first;
    let value = 0;
    let code = codeAt(text, at);
    while (isDigit(code) && at - first <= exactDigits) {
      value = value * 10 + (code - mark.zero);
      at += 1;
      code = codeAt(text, at);
    }
    this.numberAt = start;
    const digits = at - first;
    const hasLeadingZero = digits > 1 && codeAt(text, first) === mark.zero;
    if (digits === 0 || digits > exactDigits || hasLeadingZero) return this.#anyNumber(first);
    if (code === point || code === smallE || code === capitalE) return this.#anyNumber(first);
    this.at = at;
    return first > start ? -value : value;
  }

  /** A number that is more than a few digits, which begin at `first`. */
  #anyNumber(first: number): number {
    const { text, numberAt } = this;
    let at = this.#digitsFrom(first);
    // Of leading zeros only the first is taken: the next is found where no digit can be.
    if (codeAt(text, first) === mark.zero) at = first + 1;
    if (codeAt(text, at) === point) at = this.#digitsFrom(at + 1);
    const code = codeAt(text, at);
    if (code === smallE || code === capitalE) {
      const sign = codeAt(text, at + 1);
      at = this.#digitsFrom(sign === mark.minus || sign === plus ? at + 2 : at + 1);
    }
    this.at = at;
    if (at - numberAt > numberCharsMax) throw longNumber();
    return Number(text.slice(numberAt, at));
  }

  /** After the digits that begin at `first`, of which there must be one. */
  #digitsFrom(first: number): number {
    const { text, numberAt } = this;
    let at = first;
    while (isDigit(codeAt(text, at)) && at - numberAt <= numberCharsMax) at += 1;
    if (at > first) return at;
    this.at = at;
    throw this.unexpected("a digit");
  }

  /** The number that was read last, as it is written. */
  numberText(): string {
    return this.text.slice(this.numberAt, this.at);
  }

  /** The string at the cursor, which stands on its quote; undefined for one that has to be read in pieces. */
  string(): string | undefined {
    const { text } = this;
    const start = this.at + 1;
    const end = Math.min(text.length, start + loopedChars);
    for (let at = start; at < end; at += 1) {
      const code = codeAt(text, at);
      if (code === mark.quote) {
        this.at = at + 1;
        return this.#part(start, at);
      }
      if (code === mark.backslash || code < space) return this.#searched(start, at);
    }
    return this.#searched(start, end);
  }

  /** The string from `start` whose end is not before `at`. */
  #searched(start: number, at: number): string | undefined {
    const { text, stringCharsMax } = this;
    let end = text.indexOf('"', at);
    while (end >= 0 && end - start <= stringCharsMax && isEscaped(text, end, start)) {
      end = text.indexOf('"', end + 1);
    }
    if (end < 0) {
      // It may be long before its end is missed.
      if (text.length - start > stringCharsMax) return undefined;
      throw new JsonProblem(
        "malformed",
        `a string that begins at position ${this.position} has no end`,
      );
    }
    if (end - start > stringCharsMax) return undefined;
    const string = this.#unescaped(start, end);
    this.at = end + 1;
    return string;
  }

  /** The characters between two places, which may be escapes. */
  #unescaped(start: number, end: number): string {
    let string: string;
    try {
      string = JSON.parse(this.text.slice(start - 1, end + 1));
    } catch {
      throw new JsonProblem(
        "malformed",
        `a string that begins at position ${this.#goneChars + start - 1} has a character or an escape that JSON has not`,
      );
    }
    requireWhole(string);
    return string;
  }

  #part(start: number, end: number): string {
    const { text } = this;
    return this.#isLong && end - start >= copiedChars
      ? JSON.parse(text.slice(start - 1, end + 1))
      : text.slice(start, end);
  }
}

/** Whether the character at `at` has an odd number of backslashes before it. */
function isEscaped(text: string, at: number, start: number): boolean {
  let first = at;
  while (first > start && codeAt(text, first - 1) === mark.backslash) first -= 1;
  return (at - first) % 2 === 1;
}

/** Reads a string of any length piece by piece; the cursor stands on its quote. */
export class StringPieces {
  readonly #cursor: Cursor;
  readonly #start: number;
  /** What is before `#from` as far as it cannot be taken from the text as it is. */
  readonly #pieces: string[] = [];
  #from: number;

  constructor(cursor: Cursor) {
    this.#cursor = cursor;
    this.#start = cursor.position;
    cursor.at += 1;
    this.#from = cursor.at;
  }

  /** Reads on; the string when its end is reached. */
  next(): string | undefined {
    const cursor = this.#cursor;
    const { text, at: start, comesInParts } = cursor;
    // Of a text in parts all is put aside, as copies that keep no part: its places are others by now.
    if (comesInParts) this.#from = start;
    const at = this.#searched(start, Math.min(text.length, start + cursor.stringCharsMax));
    const end = Math.min(at, text.length);
    if (comesInParts || text.slice(start, end).includes("\\")) this.#unescape(start, end);
    cursor.at = at;
    if (codeAt(text, at) === mark.quote) return this.#end(at);
    if (at >= text.length && !cursor.isPartial) throw this.#malformed();
    return undefined;
  }

  /** The place of the quote that ends the string, or the first that is not looked at. */
  #searched(start: number, end: number): number {
    const { text } = this.#cursor;
    let at = start;
    while (at < end) {
      const code = codeAt(text, at);
      if (code === mark.quote) break;
      if (code < space) throw this.#malformed();
      if (code !== mark.backslash) at += 1;
      else at += codeAt(text, at + 1) === smallU ? 6 : 2;
    }
    return at;
  }

  /** The whole string, whose end is at `at`. */
  #end(at: number): string {
    this.#cursor.at = at + 1;
    const string = this.#pieces.join("") + this.#cursor.text.slice(this.#from, at);
    requireWhole(string);
    return string;
  }

  /** Everything up to `end` is put aside; it has escapes from `start` on. */
  #unescape(start: number, end: number): void {
    const { text } = this.#cursor;
    if (start > this.#from) this.#pieces.push(text.slice(this.#from, start));
    try {
      this.#pieces.push(JSON.parse(`"${text.slice(start, end)}"`));
    } catch {
      throw this.#malformed();
    }
    this.#from = end;
  }

  #malformed(): JsonProblem {
    return new JsonProblem(
      "malformed",
      `a string that begins at position ${this.#start} has no end, or a character or an escape that JSON has not`,
    );
  }
}
