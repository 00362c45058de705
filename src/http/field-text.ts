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
