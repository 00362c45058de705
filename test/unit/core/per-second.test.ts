import { expect, test } from "vitest";
import { PerSecond } from "#core/per-second.ts";

test("so many pass in each second of the clock, and none more", () => {
  const pace = new PerSecond(3);
  const passed = (ms: number) => Array.from({ length: 5 }, () => pace.passes(ms));
  expect(passed(0)).toEqual([true, true, true, false, false]);
  expect(passed(999)).toEqual([false, false, false, false, false]);
  expect(passed(1_000)).toEqual([true, true, true, false, false]);
});

test("what did not pass in one second is not made up for in a later one", () => {
  const pace = new PerSecond(1);
  expect([500, 600, 5_000, 5_001].map((ms) => pace.passes(ms))).toEqual([true, false, true, false]);
});

test("a clock that steps back begins another second", () => {
  const pace = new PerSecond(1);
  expect([5_000, 4_000, 4_999].map((ms) => pace.passes(ms))).toEqual([true, true, false]);
});
