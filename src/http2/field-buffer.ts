/** The fields of the block that a connection reads: one list for all of its blocks, whose room is kept. */

import type { Field } from "./field.ts";

/** Most places that are kept for the next block; a longer one is rare. */
const placesKept = 64;

/** Fields that were decoded, until a message has taken them over. */
export class FieldBuffer {
  /** The first `count` are of this block. */
  items: (Field | undefined)[] = [];
  count = 0;

  add(field: Field): void {
    this.items[this.count] = field;
    this.count += 1;
  }

  /** Those from a place on. */
  from(place: number): Field[] {
    return this.items.slice(place, this.count) as Field[];
  }

  /** Forgets them: what a peer sent is not held for the next block. */
  clear(): void {
    if (this.count > placesKept) this.items = [];
    else for (let place = 0; place < this.count; place += 1) this.items[place] = undefined;
    this.count = 0;
  }
}
