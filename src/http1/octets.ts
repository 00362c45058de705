/** What single octets mean in a head, as tables. */

import { tokenOctets } from "#http/field-text.ts";

/** Octets by their names. */
export const octet = {
  tab: 0x09,
  lf: 0x0a,
  cr: 0x0d,
  space: 0x20,
  quote: 0x22,
  hash: 0x23,
  colon: 0x3a,
  semicolon: 0x3b,
  equals: 0x3d,
  backslash: 0x5c,
} as const;

/** A name's octet in lower case; 0 for what no name holds. */
export const lowerOf = Uint8Array.from(tokenOctets, (allowed, code) => {
  if (allowed === 0) return 0;
  return code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
});

/** 1 for what a target may hold: visible ASCII, but no fragment. */
export const targetOctets = Uint8Array.from({ length: 256 }, (_, code) =>
  code > 0x20 && code < 0x7f && code !== octet.hash ? 1 : 0,
);
