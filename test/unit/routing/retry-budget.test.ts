import { describe, expect, it } from "vitest";
import { backoffMs, RetryBudget } from "#routing/retry-budget.ts";

const options = { share: 0.2, perSecondMin: 1, windowSeconds: 10 };

describe("a retry budget", () => {
  it("allows the share of the calls and the minimum, and no more", () => {
    const budget = new RetryBudget(options);
    for (let call = 0; call < 100; call += 1) budget.call(0);
    let taken = 0;
    while (budget.take(0)) taken += 1;
    expect(taken).toBe(30);
  });

  it("forgets calls and retries after its window", () => {
    const budget = new RetryBudget(options);
    for (let call = 0; call < 100; call += 1) budget.call(0);
    while (budget.take(500));
    expect(budget.take(9_000)).toBe(false);
    let taken = 0;
    while (budget.take(10_000)) taken += 1;
    expect(taken).toBe(10);
  });

  it("says whether one may be taken without taking it", () => {
    const budget = new RetryBudget({ share: 0, perSecondMin: 0.1, windowSeconds: 10 });
    expect([budget.allows(0), budget.allows(0), budget.take(0), budget.allows(0)]).toEqual([
      true,
      true,
      true,
      false,
    ]);
  });

  it("counts on a clock that began anywhere", () => {
    const budget = new RetryBudget({ share: 0, perSecondMin: 0.1, windowSeconds: 10 });
    expect([-25_000, -15_001, -14_999].map((ms) => budget.take(ms))).toEqual([true, false, true]);
  });

  it("never allows more than its bound in any window", () => {
    const budget = new RetryBudget(options);
    const retries: number[] = [];
    for (let ms = 0; ms < 60_000; ms += 50) {
      budget.call(ms);
      if (budget.take(ms)) retries.push(ms);
    }
    for (let start = 0; start < 50_000; start += 1_000) {
      const within = retries.filter((ms) => ms >= start && ms < start + 9_000);
      expect(within.length).toBeLessThanOrEqual(200 * 0.2 + 10);
    }
  });
});

describe("the pause before a retry", () => {
  it("is anything up to a bound that doubles, and never more than the greatest", () => {
    const bounds = { baseMs: 100, maxMs: 1_000 };
    expect([0, 1, 2, 3, 4, 50].map((retry) => backoffMs(retry, 1, bounds))).toEqual([
      100, 200, 400, 800, 1_000, 1_000,
    ]);
    expect(backoffMs(3, 0.5, bounds)).toBe(400);
    expect(backoffMs(3, 0, bounds)).toBe(0);
  });
});
