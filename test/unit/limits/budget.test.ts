/** Which period of a budget a moment belongs to. */

import { expect, test } from "vitest";
import { type Budget, budgetLimits, missingAfter, periodOf } from "#limits/budget.ts";

const budgetOf = (period: Budget["period"]): Budget => ({ usd: 30, period, onExceeded: "block" });

test.each([
  ["day", "2026-02-28T23:59:59.999Z", "day 2026-02-28", "2026-03-01T00:00:00.000Z"],
  ["day", "2026-03-01T00:00:00.000Z", "day 2026-03-01", "2026-03-02T00:00:00.000Z"],
  // A Sunday, and the Monday after it.
  ["week", "2026-11-29T23:59:59.999Z", "week 2026-11-23", "2026-11-30T00:00:00.000Z"],
  ["week", "2026-11-30T00:00:00.000Z", "week 2026-11-30", "2026-12-07T00:00:00.000Z"],
  ["week", "2027-01-01T12:00:00.000Z", "week 2026-12-28", "2027-01-04T00:00:00.000Z"],
  ["month", "2026-12-31T23:59:59.999Z", "month 2026-12", "2027-01-01T00:00:00.000Z"],
  ["month", "2028-02-29T00:00:00.000Z", "month 2028-02", "2028-03-01T00:00:00.000Z"],
] as const)("a %s at %s is %s, until %s", (period, at, name, ends) => {
  const found = periodOf(budgetOf(period), Date.parse(at));
  expect([found.name, new Date(found.endsMs).toISOString()]).toEqual([name, ends]);
  expect(periodOf(budgetOf(period), found.startsMs)).toEqual(found);
  expect(periodOf(budgetOf(period), found.startsMs - 1).endsMs).toBe(found.startsMs);
});

test("nothing comes back in a calendar period; over thirty days it comes back evenly", () => {
  expect(budgetLimits(budgetOf("month"))).toEqual({ capacity: 30e6, perSecond: 0 });
  const { capacity, perSecond } = budgetLimits(budgetOf("30d"));
  expect([capacity, perSecond * 86_400]).toEqual([30e6, 1e6]);
  expect(periodOf(budgetOf("30d"), 0)).toEqual({
    name: "30d",
    startsMs: Number.NEGATIVE_INFINITY,
    endsMs: Number.POSITIVE_INFINITY,
  });
});

const day = 86_400_000;

test.each([
  { name: "nothing of nothing", period: "month", spent: [], missing: 0 },
  { name: "all of a month", period: "month", spent: [1, 2, 29], missing: 6e6 },
  { name: "of thirty days, less what came back", period: "30d", spent: [1, 2, 29], missing: 1e6 },
  {
    name: "the budget twice, at most",
    period: "month",
    spent: Array.from({ length: 40 }, (_, at) => at),
    missing: 60e6,
  },
] as const)("what is missing after spending: $name", ({ period, spent, missing }) => {
  const spendings = spent.map((at) => ({ untilMs: at * day, microUsd: 2e6 }));
  const limits = budgetLimits(budgetOf(period));
  expect(missingAfter(spendings, limits, 30 * day)).toBeCloseTo(missing, 3);
});
