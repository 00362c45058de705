import { describe, expect, it } from "vitest";
import { PeakEwma } from "#core/peak-ewma.ts";

describe("a peak moving average", () => {
  it("knows nothing before its first sample", () => {
    expect(new PeakEwma(1000).valueMs).toBeUndefined();
  });

  it("rises at once and falls by 1 - 1/e of the way in its time", () => {
    const average = new PeakEwma(1000);
    average.add(100, 0);
    average.add(500, 1);
    expect(average.valueMs).toBe(500);
    average.add(100, 1001);
    expect(average.valueMs).toBeCloseTo(100 + 400 / Math.E, 6);
  });

  it("does not move when time stands still or steps back", () => {
    const average = new PeakEwma(1000);
    average.add(100, 50);
    average.add(10, 50);
    average.add(10, 0);
    expect(average.valueMs).toBe(100);
  });
});
