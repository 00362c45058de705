/** Takes a query or an urlencoded form apart into names and texts, and decodes them. */

import { fault } from "#errors/fault.ts";
import { parameterFault } from "./field-writer.ts";

/** One name and text of a query or form. */
export type Parameter = readonly [name: string, text: string];

/** Pairs of one query or form, empty ones included. */
const pairsMax = 1000;

/** Walks through pairs as they are written, and takes apart none past the limit. */
export class Pairs {
  readonly #text: string;
  #at = 0;
  #count = 0;
  /** Of the pair that was found last; nothing is decoded. */
  name = "";
  value = "";

  constructor(text: string) {
    this.#text = text;
  }

  /** Finds the next pair that is not empty. Throws REQUEST_INVALID past the limit. */
  next(): boolean {
    const text = this.#text;
    while (this.#at < text.length) {
      this.#count += 1;
      if (this.#count > pairsMax) {
        throw fault("REQUEST_INVALID", `more than ${pairsMax} parameters or form fields`);
      }
      const ampersand = text.indexOf("&", this.#at);
      const start = this.#at;
      const end = ampersand < 0 ? text.length : ampersand;
      this.#at = end + 1;
      if (end > start) {
        this.#cut(start, end);
        return true;
      }
    }
    return false;
  }

  #cut(start: number, end: number): void {
    const pair = this.#text.slice(start, end);
    const equals = pair.indexOf("=");
    this.name = equals < 0 ? pair : pair.slice(0, equals);
    this.value = equals < 0 ? "" : pair.slice(equals + 1);
  }
}

/** Texts up to this many characters are left to the runtime, which takes its time with each sign. */
const fewChars = 256;
const plus = 0x2b;
const space = 0x20;

/** The text with blanks for its plus signs. */
function spaced(text: string): string {
  if (!text.includes("+")) return text;
  if (text.length <= fewChars || Buffer.byteLength(text) > text.length) {
    return text.replaceAll("+", " ");
  }
  const characters = Buffer.from(text, "latin1");
  for (let at = 0; at < characters.length; at += 1) {
    if (characters[at] === plus) characters[at] = space;
  }
  return characters.toString("latin1");
}

/** What a text of a query or form says. `name` is for the error: PARAMETER_INVALID for a bad escape. */
export function decodeFormText(text: string, name: string): string {
  const blank = spaced(text);
  if (!blank.includes("%")) return blank;
  try {
    return decodeURIComponent(blank);
  } catch {
    throw parameterFault(name, "an escape is malformed or not UTF-8");
  }
}

/** The pairs of a query, in order. Throws PARAMETER_INVALID for a bad escape, REQUEST_INVALID for too many. */
export function parametersFrom(text: string): Parameter[] {
  const parameters: Parameter[] = [];
  const pairs = new Pairs(text);
  while (pairs.next()) {
    const name = decodeFormText(pairs.name, pairs.name);
    parameters.push([name, decodeFormText(pairs.value, name)]);
  }
  return parameters;
}

const continuation = /^%[89ABab]/;

/**
 * The end of a stretch of `text` from `start` that can be decoded by itself: about `chars` long, and
 * not within an escape or between those of one character.
 */
export function stretchEnd(text: string, start: number, chars: number): number {
  const limit = start + chars;
  if (limit >= text.length) return text.length;
  let end = limit;
  for (const before of [1, 2]) if (text[limit - before] === "%") end = limit - before;
  // A character has four escapes at most.
  for (let times = 0; times < 3 && continuation.test(text.slice(end, end + 3)); times += 1)
    end -= 3;
  return end > start ? end : limit;
}
