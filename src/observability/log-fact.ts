/** Fields of a log line as JSON, written by hand: for lines that every call costs. */

import { flatText } from "#core/flat-text.ts";
import { memoizeByString } from "#core/get-or-create.ts";
import { threeDigitsText } from "#core/three-digits.ts";

/** What JSON writes as it is. */
const plain = /^[ !#-[\]-~]*$/;

/** Control characters that JSON leaves as they are, those of the direction of writing, and what some readers take for a line's end. */
const controls = /[\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** A value as JSON on one line: what a caller sent can neither end the line nor steer a terminal. */
export function jsonOf(value: unknown): string {
  return JSON.stringify(value).replace(
    controls,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Longest text of a field, in characters; escaped, it takes twice that at most. */
const textLengthMax = 4096;
/** Longest text of a field whose values are few: what is longer is no one's name. */
const wordLengthMax = 256;

/** A text as such JSON, without what goes beyond the limit. */
export function jsonText(text: string, lengthMax = textLengthMax): string {
  if (text.length > lengthMax) return cutText(text, lengthMax);
  if (plain.test(text)) return `"${text}"`;
  const json = jsonOf(text);
  return json.length <= 2 * lengthMax ? json : cutText(text, lengthMax);
}

function cutText(text: string, lengthMax: number): string {
  const json = jsonOf(`${text.slice(0, lengthMax - 1)}…`);
  // A control character is written as six.
  return json.length <= 2 * lengthMax ? json : jsonOf(`${text.slice(0, lengthMax / 3 - 1)}…`);
}

/** What begins a field. */
const fieldStart = memoizeByString((name) => flatText(`,"${name}":`));

/** A field that holds a text; nothing when there is none. */
export function textFact(name: string, text: string | undefined): string {
  return text === undefined ? "" : fieldStart(name) + jsonText(text);
}

/** Makes fields like `textFact`, for texts of which there are few: each is written once. */
export function rememberedFact(name: string): (text: string | undefined) => string {
  const fact = memoizeByString((text) =>
    flatText(fieldStart(name) + jsonText(text, wordLengthMax)),
  );
  return (text) => (text === undefined ? "" : fact(text));
}

/** A field that holds an integer; nothing when there is none. */
export function integerFact(name: string, value: number | undefined): string {
  return value === undefined ? "" : fieldStart(name) + value;
}

/** A field that holds milliseconds to the microsecond; nothing when there are none. */
export function millisecondsFact(name: string, ms: number | undefined): string {
  return ms === undefined ? "" : fieldStart(name) + threeDigitsText(ms);
}

let lastMs = Number.NaN;
let lastFact = "";

/** The time of day, as pino's isoTime writes it. Lines of one millisecond share the text. */
export function timeFact(): string {
  const nowMs = Date.now();
  if (nowMs !== lastMs) {
    lastMs = nowMs;
    lastFact = flatText(`,"time":"${new Date(nowMs).toISOString()}"`);
  }
  return lastFact;
}
