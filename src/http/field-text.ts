/** What names and values of fields may hold in every version of HTTP (RFC 9110 §5). Pure. */

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
  for (let index = 0; index < text.length; index += 1) {
    if (allowed[text.charCodeAt(index)] !== 1) return false;
  }
  return text.length > 0;
}

/** Whether `name` may name a field to send: a lower-case token. Pseudo names are not. */
export function isFieldName(name: string): boolean {
  return consistsOf(name, nameOctets);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

/** What a value consists of. */
const valueOctets = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Longest value, in characters, for which a loop is quicker than a regular expression. */
const wordLengthMax = 12;

/**
 * Whether `value` holds visible ASCII, blanks and octets above (RFC 9110 §5.5), and no blank at
 * either end: the same as on HTTP/1.1, where other control characters are refused, too.
 */
export function isFieldValue(value: string): boolean {
  const last = value.length - 1;
  if (last < 0) return true;
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(last))) return false;
  if (last >= wordLengthMax) return valueOctets.test(value);
  for (let index = 0; index <= last; index += 1) {
    const code = value.charCodeAt(index);
    if ((code < 0x20 && code !== 0x09) || code === 0x7f || code > 0xff) return false;
  }
  return true;
}
