/** Parses JSON that is mostly vectors, a vector at a time: others get their turn in between. */

import { endOfString } from "#core/json-text.ts";
import type { Turns } from "#core/turns.ts";
import { malformed } from "#dialects/upstream-error.ts";

/** Texts up to this length are parsed at once. */
const shortBytes = 64 * 1024;
/** Lists and strings up to this length stay in the rest of the text. */
const shortValueBytes = 1024;
/** Longest vector: 65,536 numbers with all their digits and spaces. */
const vectorBytesMax = 2 * 1024 * 1024;
/** Longest text without its vectors. */
const restBytesMax = 4 * 1024 * 1024;
/** Bytes that are looked through between two turns. */
const lookBytes = 512 * 1024;

const quote = 0x22;
const opener = 0x5b;
const closer = 0x5d;

/** Bytes of a list of numbers: digits, signs, points, exponents, commas and blanks. */
const isNumeric = new Uint8Array(256);
for (const character of "0123456789+-.eE, \t\r\n") isNumeric[character.charCodeAt(0)] = 1;

/** Stands for the vector of a number; JSON text has no such character but as an escape. */
const mark = "\0";

/** Where the list of numbers that begins at `at` ends; undefined for a list of anything else. */
function endOfNumbers(bytes: Buffer, at: number): number | undefined {
  let end = at + 1;
  while (isNumeric[bytes[end] ?? 0] === 1) {
    end += 1;
    if (end - at > vectorBytesMax) {
      throw malformed(`the provider's vector has more than ${vectorBytesMax} bytes`);
    }
  }
  return bytes[end] === closer ? end : undefined;
}

/** Where the vector that begins at `at` ends, as a list or as text; undefined where none does. */
function vectorEnd(bytes: Buffer, at: number): number | undefined {
  const end = bytes[at] === opener ? endOfNumbers(bytes, at) : endOfString(bytes, at);
  if (end === undefined || end === bytes.length) return undefined;
  return end - at > shortValueBytes ? end : undefined;
}

/** The value of a text. Throws BACKEND_MALFORMED for what is no JSON, or has too much besides its vectors. */
export async function parseVectors(text: Uint8Array, turns: Turns): Promise<unknown> {
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  if (bytes.length <= shortBytes) return parsed(bytes.toString());
  const vectors: unknown[] = [];
  const rest: string[] = [];
  let restBytes = 0;
  let from = 0;
  let pauseAt = lookBytes;
  const keep = (end: number) => {
    restBytes += end - from;
    if (restBytes > restBytesMax) {
      throw malformed(`the provider's response has more than ${restBytesMax} bytes of no vectors`);
    }
    rest.push(bytes.toString("utf8", from, end));
  };
  for (let at = 0; at < bytes.length; at += 1) {
    if (at >= pauseAt) {
      await turns.next();
      pauseAt = at + lookBytes;
    }
    const byte = bytes[at];
    if (byte !== quote && byte !== opener) continue;
    const end = vectorEnd(bytes, at);
    if (end !== undefined) {
      keep(at);
      rest.push(`"\\u0000${vectors.length}"`);
      vectors.push(parsed(bytes.toString("utf8", at, end + 1)));
      from = end + 1;
      at = end;
      await turns.next();
    } else if (byte === quote) at = endOfString(bytes, at);
  }
  keep(bytes.length);
  return parsed(rest.join(""), (_name, value) =>
    typeof value === "string" && value.startsWith(mark) ? vectors[Number(value.slice(1))] : value,
  );
}

function parsed(text: string, revive?: (name: string, value: unknown) => unknown): unknown {
  try {
    return JSON.parse(text, revive);
  } catch {
    throw malformed("the provider's response is no JSON");
  }
}
