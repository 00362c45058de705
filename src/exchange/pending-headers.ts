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
  const all: Field[] = [];
  for (const field of early) {
    if (field[0] === "vary" || !isNamed(fields, field[0])) all.push(field);
  }
  for (const field of fields) all.push(field);
  return all;
}
