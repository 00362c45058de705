import { describe, expect, it } from "vitest";
import { costOf, expectedCost } from "#chat/price.ts";
import { usageOf } from "#chat/usage.ts";

const price = { input: 3, output: 15, cacheRead: 0.3, cacheWrite: 3.75, cacheWriteLong: 6 };

describe("the cost of a call", () => {
  it("is each kind of token by its own price, and each token once", () => {
    const usage = usageOf({
      uncached: 1000,
      cacheRead: 10_000,
      cacheWrite: 2000,
      cacheWriteLong: 500,
      written: 100,
      reasoning: 60,
    });
    const dollars = (1000 * 3 + 10_000 * 0.3 + 1500 * 3.75 + 500 * 6 + 100 * 15) / 1e6;
    expect(costOf(usage, price)).toBeCloseTo(dollars, 12);
  });

  it("takes a kind without a price for what it is a kind of", () => {
    const usage = usageOf({
      uncached: 10,
      cacheRead: 20,
      cacheWrite: 30,
      written: 40,
      audioRead: 4,
      audioWritten: 5,
    });
    expect(costOf(usage, { input: 1, output: 2 })).toBeCloseTo((60 * 1 + 40 * 2) / 1e6, 15);
  });

  it("is that of the upper tier for the whole of a long call", () => {
    const tiered = {
      ...price,
      above: { promptTokens: 200_000, price: { input: 6, output: 22.5 } },
    };
    expect(costOf(usageOf({ uncached: 200_000, written: 0 }), tiered)).toBeCloseTo(0.6, 9);
    expect(costOf(usageOf({ uncached: 200_001, written: 1000 }), tiered)).toBeCloseTo(
      (200_001 * 6 + 1000 * 22.5) / 1e6,
      9,
    );
  });

  it("does not drift: a million calls cost a million times one", () => {
    const one = costOf(usageOf({ uncached: 1, written: 1 }), { input: 0.1, output: 0.2 });
    const many = costOf(usageOf({ uncached: 1_000_000, written: 1_000_000 }), {
      input: 0.1,
      output: 0.2,
    });
    expect(one * 1_000_000).toBeCloseTo(many, 9);
    expect(expectedCost(1_000_000, 1_000_000, { input: 0.1, output: 0.2 })).toBe(many);
  });
});
