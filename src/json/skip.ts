/** Reads values that no one wants: they must be JSON, and count like others. */

import type { Leaf } from "./leaf.ts";
import { ListFrame } from "./list-frame.ts";
import { MapFrame } from "./map-frame.ts";
import type { ValuePlan } from "./run.ts";

/** What stands for a value. */
function nothing(): true {
  return true;
}

const leaf: Leaf = {
  expected: "",
  isNumber: false,
  text: nothing,
  number: nothing,
  literal: nothing,
};

/** Any value, of which nothing is kept but that it was there. */
export const skipped: ValuePlan = {
  expected: "",
  leaf,
  object: (run, parent) =>
    new MapFrame(run, parent, {
      key: (name) => name,
      keyExpected: "",
      value: () => skipped,
      finish: nothing,
    }),
  list: (run, parent) =>
    new ListFrame(run, parent, {
      item: () => skipped,
      limit: undefined,
      finish: nothing,
    }),
};
