/** Reads a JSON body of any shape: counted before it is parsed, so that few bytes cannot become much. Pure. */

import { endOfString } from "#core/json-text.ts";
import { fault } from "#errors/fault.ts";
import { jsonLimits } from "#json/limits.ts";

const { depthMax } = jsonLimits;
const quote = 0x22;
const comma = 0x2c;
const openBrace = 0x7b;
const openBracket = 0x5b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;

/** Throws REQUEST_INVALID for a text that is too deep, or has too many elements. */
function requireBounds(bytes: Buffer, elementsMax: number): void {
  let depth = 0;
  let elements = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] as number;
    if (byte === quote) at = endOfString(bytes, at);
    else if (byte === comma) elements += 1;
    else if (byte === openBrace || byte === openBracket) {
      depth += 1;
      elements += 1;
    } else if (byte === closeBrace || byte === closeBracket) depth -= 1;
    if (depth > depthMax) {
      throw fault("REQUEST_INVALID", `the body is nested deeper than ${depthMax} levels`);
    }
    if (elements > elementsMax) {
      throw fault("REQUEST_INVALID", `the body has more than ${elementsMax} elements`);
    }
  }
}

/** The value of a body of so many elements at most. Throws BODY_MALFORMED for what is no JSON, REQUEST_INVALID past a bound. */
export function parseBody(body: Uint8Array, elementsMax = jsonLimits.elementsMax): unknown {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  requireBounds(bytes, elementsMax);
  try {
    return JSON.parse(bytes.toString());
  } catch {
    throw fault("BODY_MALFORMED", "the body is not JSON");
  }
}
