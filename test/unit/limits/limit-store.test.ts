/** Buckets that a call takes from: all of them or none, and settled once the cost is known. */

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

test("settling gives back what was not used, and takes what was used beyond it", () => {
  const store = new MemoryLimits(10, createManualClock());
  const less = store.reserve([ask("a", 8), ask("b", 8)]);
  void less.settle([3, 8]);
  expect(store.reserve([ask("a", 7)]).waitMs).toBe(0);
  expect(store.reserve([ask("b", 3)]).waitMs).toBe(1_000);
  const more = store.reserve([ask("c", 1)]);
  void more.settle([12]);
  expect(store.reserve([ask("c", 1)]).waitMs).toBe(3_000);
});

test("settling a refused reservation changes nothing, and no bucket exceeds its capacity", () => {
  const store = new MemoryLimits(10, createManualClock());
  store.reserve([ask("a", 10)]);
  void store.reserve([ask("a", 5)]).settle([0]);
  expect(store.reserve([ask("a", 1)]).waitMs).toBe(1_000);
  void store.reserve([ask("b", 1)]).settle([-50]);
  expect(store.reserve([ask("b", 10)]).waitMs).toBe(0);
  expect(store.reserve([ask("b", 1)]).waitMs).toBe(1_000);
});

test("so many buckets are kept: the one unused for longest is full again", () => {
  const store = new MemoryLimits(2, createManualClock());
  for (const key of ["a", "b", "c"]) store.reserve([ask(key, 10)]);
  expect(["b", "c", "a"].map((key) => store.reserve([ask(key, 10)]).waitMs)).toEqual([
    10_000, 10_000, 0,
  ]);
});
