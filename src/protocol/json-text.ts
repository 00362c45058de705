/** Reads messages from JSON text. */

import {
  type DescMessage,
  fromJson,
  fromJsonString,
  type JsonReadOptions,
  type JsonValue,
  type Message,
} from "@bufbuild/protobuf";

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;

/** Position of the quote that ends the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  for (;;) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end;
    end = text.indexOf('"', end + 1);
  }
}

/** Names that a text, which is JSON, gives its members: strings with a colon behind them. */
function namesWritten(text: string): number {
  let names = 0;
  let at = text.indexOf('"');
  while (at >= 0) {
    let behind = endOfString(text, at) + 1;
    // JSON's blanks are all the characters below this one that may stand there.
    while (text.charCodeAt(behind) < quote) behind += 1;
    if (text.charCodeAt(behind) === colon) names += 1;
    at = text.indexOf('"', behind);
  }
  return names;
}

function namesRead(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  const values = Array.isArray(value) ? value : Object.values(value);
  let names = Array.isArray(value) ? 0 : values.length;
  for (const each of values) names += namesRead(each);
  return names;
}

/**
 * The message that a text writes. Does and throws what fromJsonString does, which looks for names
 * that an object gives twice one character after another; counting the names costs a fifth of that.
 */
export function messageFromJsonText(
  desc: DescMessage,
  text: string,
  options: Partial<JsonReadOptions>,
): Message {
  const json = jsonOnce(text);
  return json === undefined ? fromJsonString(desc, text, options) : fromJson(desc, json, options);
}

/** What a text says; undefined when it is no JSON, or gives a name of an object twice. */
function jsonOnce(text: string): JsonValue | undefined {
  try {
    const json: JsonValue = JSON.parse(text);
    return namesWritten(text) === namesRead(json) ? json : undefined;
  } catch {
    return undefined;
  }
}
