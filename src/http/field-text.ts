/** What names and values of fields may hold in every version of HTTP (RFC 9110 §5). Pure. */

import { codeAt } from "#core/code-at.ts";

const lower = "abcdefghijklmnopqrstuvwxyz";
const digits = "0123456789";
const marks = "!#$%&'*+-.^_`|~";

/** A table of octets: 1 for those that `allowed` names. */
function octetsOf(allowed: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const character of allowed) table[character.charCodeAt(0)] = 1;
  return table;
}

/** Octets of a token (RFC 9110 §5.6.2). */
export const tokenOctets = octetsOf(lower + lower.toUpperCase() + digits + marks);
const nameOctets = octetsOf(lower + digits + marks);
/** Octets of a scheme (RFC 3986 §3.1). */
export const schemeOctets = octetsOf(`${lower}${lower.toUpperCase()}${digits}+-.`);

/** Whether `text` is not empty and holds what `allowed` has and nothing else. */
export function consistsOf(text: string, allowed: Uint8Array): boolean {
  const { length } = text;
  for (let index = 0; index < length; index += 1) {
    if (allowed[codeAt(text, index)] !== 1) return false;
  }
  return length > 0;
}

/** Whether `name` may name a field to send: a lower-case token. Pseudo names are not. */
export function isFieldName(name: string): boolean {
  return consistsOf(name, nameOctets);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** 1 for what a value may hold: visible ASCII, blanks and octets above (RFC 9110 §5.5). */
export const valueOctets = Uint8Array.from({ length: 256 }, (_, code) =>
  code === 0x09 || (code >= 0x20 && code !== 0x7f) ? 1 : 0,
);

/**
 * Whether `value` holds what a value may, and no blank at either end: the same as on HTTP/1.1, where
 * other control characters are refused, too.
 */
export function isFieldValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  if (isBlank(codeAt(value, 0)) || isBlank(codeAt(value, length - 1))) return false;
  return consistsOf(value, valueOctets);
}
