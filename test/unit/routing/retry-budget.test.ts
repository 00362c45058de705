/** Retries are a share of the calls, some are always allowed, and who can wait is told how long. */

import { describe, expect, it } from "vitest";
import { backoffMs, RetryBudget } from "#routing/retry-budget.ts";

const options = { share: 0.2, perSecondMin: 1, windowSeconds: 10 };

/** How many are to be had at once. */
function takeAll(budget: RetryBudget, nowMs: number): number {
  let taken = 0;
  while (budget.take(nowMs) !== undefined) taken += 1;
  return taken;
}

describe("a retry budget", () => {
  it("allows the share of the calls and what was saved up of the minimum, and no more", () => {
    const budget = new RetryBudget(options);
    for (let call = 0; call < 100; call += 1) budget.call(0);
    expect(takeAll(budget, 0)).toBe(30);
  });

  it("always allows the minimum, also when all was used up at once", () => {
    const budget = new RetryBudget(options);
    takeAll(budget, 0);
    for (let second = 1; second < 20; second += 1) {
      expect(takeAll(budget, second * 1_000 - 1)).toBe(0);
      expect(takeAll(budget, second * 1_000)).toBe(1);
    }
  });

  it("forgets what calls brought after its window, and saves the minimum up no longer than that", () => {
    const budget = new RetryBudget(options);
    for (let call = 0; call < 100; call += 1) budget.call(500);
    expect(takeAll(budget, 10_000)).toBe(10);
    expect(takeAll(budget, 3_600_000)).toBe(10);
  });

  it("keeps what calls bring within its window", () => {
    const budget = new RetryBudget(options);
    for (let call = 0; call < 100; call += 1) budget.call(500);
    expect(takeAll(budget, 9_999)).toBe(30);
  });

  it("never allows more than the share, what was saved up and what comes back in any stretch of time", () => {
    const budget = new RetryBudget(options);
    const retries: number[] = [];
    for (let ms = 0; ms < 60_000; ms += 50) {
      budget.call(ms);
      if (budget.take(ms) !== undefined) retries.push(ms);
    }
    for (let from = 0; from < retries.length; from += 1) {
      for (let to = from; to < retries.length; to += 1) {
        const seconds = ((retries[to] ?? 0) - (retries[from] ?? 0)) / 1_000;
        expect(to - from + 1).toBeLessThanOrEqual((seconds * 20 + 1) * 0.2 + seconds + 10 + 40);
      }
    }
    // The whole of it, from a full budget on.
    expect(retries.length).toBeLessThanOrEqual(1_200 * 0.2 + 60 + 10);
    expect(retries.length).toBeGreaterThan(1_200 * 0.2 + 60);
  });

  it("gives numbers to those who can wait, whose turns come one after the other", () => {
    const budget = new RetryBudget(options);
    takeAll(budget, 0);
    const [first = 0, second = 0, third] = [2_500, 2_500, 2_500].map((most) =>
      budget.take(0, most),
    );
    expect(third).toBeUndefined();
    expect([first, second].map((taken) => budget.waitMs(taken, 0))).toEqual([1_000, 2_000]);
    expect(budget.waitMs(first, 999)).toBeGreaterThan(0);
    expect([first, second].map((taken) => budget.waitMs(taken, 1_000))).toEqual([0, 1_000]);
    // They are taken: nobody else has them meanwhile.
    expect(budget.take(2_000)).toBeUndefined();
    expect(budget.waitMs(second, 2_000)).toBe(0);
    expect(budget.take(3_000)).toBeDefined();
  });

  it("brings their turns sooner when calls come", () => {
    const budget = new RetryBudget(options);
    takeAll(budget, 0);
    const taken = budget.take(0, 2_500) ?? 0;
    for (let call = 0; call < 4; call += 1) budget.call(0);
    // A fifth is left to come; a tenth of four calls a second brings 0.08 beside the one.
    expect(budget.waitMs(taken, 0)).toBeCloseTo(200 / 1.08, 6);
    budget.call(1);
    expect(budget.waitMs(taken, 1)).toBe(0);
  });

  it("has no more wait than ten seconds bring in any case, and serves them as fast as calls come", () => {
    const budget = new RetryBudget({ ...options, perSecondMin: 10 });
    takeAll(budget, 0);
    let taken: { readonly number: number; readonly atMs: number }[] = [];
    const waited: number[] = [];
    for (let ms = 0; ms < 5_000; ms += 1) {
      budget.call(ms);
      const number = budget.take(ms, 10_000);
      if (number !== undefined) taken.push({ number, atMs: ms });
      const due = taken.filter((one) => budget.waitMs(one.number, ms) === 0);
      for (const { atMs } of due) waited.push(ms - atMs);
      taken = taken.filter((one) => !due.includes(one));
      expect(taken.length).toBeLessThanOrEqual(100);
    }
    expect(taken.length).toBeGreaterThan(95);
    // A thousand calls a second bring 200 retries, and time ten: a hundred that wait are served in half a second.
    expect(Math.max(...waited)).toBeLessThanOrEqual(Math.ceil(100 / 0.21));
  });

  it("has one again that was given back", () => {
    const budget = new RetryBudget(options);
    takeAll(budget, 0);
    budget.giveBack();
    expect(takeAll(budget, 0)).toBe(1);
  });

  it("without a minimum has nobody wait", () => {
    const budget = new RetryBudget({ ...options, perSecondMin: 0 });
    expect(budget.take(0, 1e9)).toBeUndefined();
    for (let call = 0; call < 5; call += 1) budget.call(0);
    expect(takeAll(budget, 0)).toBe(1);
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
