/** Buckets that a call takes from: all of them or none. */

import { expect, test } from "vitest";
import { MemoryLimits } from "#limits/limit-store.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const limits = { capacity: 10, perSecond: 1 };
const ask = (key: string, cost: number) => ({ key, limits, cost });

test("what one bucket refuses takes nothing from the others", () => {
  const store = new MemoryLimits(10, createManualClock());
  store.reserve([ask("small", 8)]);
  const refused = store.reserve([ask("large", 5), ask("small", 5)]);
  expect(refused.waitMs).toBe(3_000);
  expect(store.reserve([ask("large", 10)]).waitMs).toBe(0);
  expect(store.reserve([ask("small", 2)]).waitMs).toBe(0);
});

test("so many buckets are kept: the one unused for longest is full again", () => {
  const store = new MemoryLimits(2, createManualClock());
  for (const key of ["a", "b", "c"]) store.reserve([ask(key, 10)]);
  expect(["b", "c", "a"].map((key) => store.reserve([ask(key, 10)]).waitMs)).toEqual([
    10_000, 10_000, 0,
  ]);
});
