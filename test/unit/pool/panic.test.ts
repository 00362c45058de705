/** When fewer than a fifth of the endpoints may be asked, those that were ejected are asked again. */

import { expect, test } from "vitest";
import type { Fitness } from "#core/fitness.ts";
import { withoutPanic } from "#pool/panic.ts";

const many = (counts: Partial<Record<Fitness, number>>) =>
  (Object.entries(counts) as [Fitness, number][]).flatMap(([fitness, count]) =>
    Array.from({ length: count }, () => ({ fitness })),
  );

const rows: readonly [
  string,
  Partial<Record<Fitness, number>>,
  Partial<Record<Fitness, number>>,
][] = [
  ["all are fit", { fit: 3 }, { fit: 3 }],
  ["a fifth is fit", { fit: 1, ejected: 4 }, { fit: 1, ejected: 4 }],
  [
    "one on trial counts as one that may be asked",
    { trial: 1, ejected: 4 },
    { trial: 1, ejected: 4 },
  ],
  ["less than a fifth is fit", { fit: 1, ejected: 5 }, { fit: 6 }],
  ["who rests is left alone even then", { fit: 1, ejected: 3, resting: 3 }, { fit: 4, resting: 3 }],
  ["nobody is fit: the route may know others", { ejected: 3 }, { ejected: 3 }],
];
test.each(rows)("%s", (_, before, after) => {
  expect(withoutPanic(many(before))).toEqual(many(after));
});
