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

test("what a call did not use comes back, and what it used beyond is owed", async () => {
  const clock = createManualClock();
  const store = new MemoryLimits(2, clock);
  store.reserve([ask("a", 8)]);
  store.adjust([{ key: "a", limits, tokens: 5 }]);
  expect(store.read("a", limits).tokens).toBe(7);
  store.adjust([{ key: "a", limits, tokens: -12 }]);
  expect(store.read("a", limits).tokens).toBe(-5);
  expect(store.reserve([ask("a", 1)]).waitMs).toBe(6_000);
  await clock.advance(6_000);
  expect(store.reserve([ask("a", 1)]).waitMs).toBe(0);
});

test("a bucket holds its capacity at most, and owes as much at most", () => {
  const store = new MemoryLimits(2, createManualClock());
  store.adjust([{ key: "a", limits, tokens: 50 }]);
  expect(store.read("a", limits).tokens).toBe(10);
  store.adjust([{ key: "a", limits, tokens: -500 }]);
  expect(store.read("a", limits).tokens).toBe(-10);
});

test("a bucket that was reset is full, and looking at one takes nothing and keeps nothing", () => {
  const store = new MemoryLimits(2, createManualClock());
  store.reserve([ask("a", 10)]);
  expect([store.reset("a"), store.reset("b")]).toEqual([true, false]);
  expect([store.read("a", limits).tokens, store.read("b", limits).tokens]).toEqual([10, 10]);
  expect(store.reset("b")).toBe(false);
});

test.each([
  ["never", 0],
  ["over thirty days", 100 / (30 * 86_400)],
])("no crowd of callers pushes out a bucket that refills %s", (_, perSecond) => {
  const store = new MemoryLimits(2, createManualClock());
  const budget = { key: "budget", limits: { capacity: 100, perSecond }, cost: 80 };
  store.reserve([budget]);
  for (let caller = 0; caller < 10; caller += 1) store.reserve([ask(`caller ${caller}`, 1)]);
  expect(store.reserve([budget]).waitMs).toBeGreaterThan(0);
  expect(store.reset("budget")).toBe(true);
});
