/** The greatest elements of a row: the same as those of a sorted one. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { atOnce } from "#core/turns.ts";
import { topOf } from "#inference/top-k.ts";

test("they are the first of all when sorted, equal ones in their order", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -5, max: 5 }), { maxLength: 60 }),
      fc.nat(70),
      (row, count) => {
        const sorted = row
          .map((value, index) => ({ value, index }))
          .sort((a, b) => b.value - a.value || a.index - b.index)
          .slice(0, count);
        expect(atOnce(topOf(row, count))).toEqual(sorted);
      },
    ),
  );
});

test("a long row gives others their turn", () => {
  const row = Float32Array.from({ length: 100_000 }, (_, at) => at);
  let turns = 0;
  const work = topOf(row, 3);
  let step = work.next();
  for (; step.done !== true; step = work.next()) turns += 1;
  expect(step.value.map(({ index }) => index)).toEqual([99_999, 99_998, 99_997]);
  expect(turns).toBeGreaterThan(4);
});
