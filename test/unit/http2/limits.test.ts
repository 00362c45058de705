import { expect, test } from "vitest";
import { PeerBudgets } from "#http2/limits.ts";

test("a budget is spent without a word, then named", () => {
  const budgets = new PeerBudgets(0);
  for (let reset = 0; reset < 200; reset += 1)
    expect(budgets.spend("resets", 1, 0)).toBeUndefined();
  expect(budgets.spend("resets", 1, 0)).toBe("too_many_resets");
});

test("time gives a budget back at its rate", () => {
  const budgets = new PeerBudgets(0);
  expect(budgets.spend("resets", 200, 0)).toBeUndefined();
  expect(budgets.spend("resets", 20, 1000)).toBeUndefined();
  expect(budgets.spend("resets", 1, 1000)).toBe("too_many_resets");
});

test("progress gives a budget back, but never more than was spent", () => {
  const budgets = new PeerBudgets(0);
  budgets.spend("tinyData", 100, 0);
  budgets.earn("tinyData", 1e9);
  expect(budgets.spend("tinyData", 16 << 20, 0)).toBeUndefined();
  expect(budgets.spend("tinyData", 1, 0)).toBe("too_many_tiny_data_frames");
});

test("budgets are apart: one that is used up leaves the others", () => {
  const budgets = new PeerBudgets(0);
  budgets.spend("pings", 10_000, 0);
  expect(budgets.spend("resets", 1, 0)).toBeUndefined();
});
