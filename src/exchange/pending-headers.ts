/** Response fields that were set before a response, and how they go with those of the response. Pure. */

import type { HeaderList } from "./exchange.ts";

/** A field to send. */
export type Field = HeaderList[number];

function isNamed(fields: HeaderList, name: string): boolean {
  for (const field of fields) if (field[0] === name) return true;
  return false;
}

/** Adds those of `fields` whose names none of `own` has. */
function addUnnamed(all: Field[], fields: HeaderList | undefined, own: HeaderList): void {
  if (fields === undefined) return;
  // `vary` adds to that of the response.
  for (const field of fields) {
    if (field[0] === "vary" || !isNamed(own, field[0])) all.push(field);
  }
}

/** Early fields, those of the response, and shared ones. A response's own field replaces one that was set before. */
export function withPendingFields(
  early: readonly Field[] | undefined,
  fields: HeaderList,
  shared: HeaderList | undefined,
): HeaderList {
  if (early === undefined && shared === undefined) return fields;
  const all: Field[] = [];
  addUnnamed(all, early, fields);
  for (const field of fields) all.push(field);
  addUnnamed(all, shared, fields);
  return all;
}
