/** Response fields that were set before a response, and how they go with those of the response. Pure. */

import type { HeaderList } from "./exchange.ts";

/** A field to send. */
export type Field = HeaderList[number];

function isNamed(fields: HeaderList, name: string): boolean {
  for (const field of fields) if (field[0] === name) return true;
  return false;
}

/** Early fields and those of the response; a response's own field replaces an early one, but `vary` adds to it. */
export function withEarlyFields(early: Field[] | undefined, fields: HeaderList): HeaderList {
  if (early === undefined) return fields;
  return early.filter(([name]) => name === "vary" || !isNamed(fields, name)).concat(fields);
}
