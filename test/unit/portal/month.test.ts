/** What a month's spending is told to come to. */

import { expect, test } from "vitest";
import { byMonthsEnd } from "../../../web/portal/pages/month.ts";

test.each([
  ["on the first day nothing", "2026-11-01T23:59:59Z", undefined],
  ["after one day of thirty, thirty times as much", "2026-11-02T00:00:00Z", 90],
  ["in the middle twice as much", "2026-11-16T00:00:00Z", 6],
  ["in the middle of the shortest month too", "2027-02-15T00:00:00Z", 6],
  ["of a leap year", "2028-02-15T12:00:00Z", 6],
  ["at a year's end", "2026-12-16T12:00:00Z", 6],
])("%s", (_what, now, sum) => {
  const told = byMonthsEnd(3, Date.parse(now));
  if (sum === undefined) expect(told).toBeUndefined();
  else expect(told).toBeCloseTo(sum, 9);
});

test("at its very end it is what was spent", () => {
  expect(byMonthsEnd(3, Date.UTC(2026, 11) - 1)).toBeCloseTo(3, 6);
});
