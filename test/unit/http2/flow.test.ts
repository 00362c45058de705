import { describe, expect, test } from "vitest";
import { BandwidthEstimator, giveBack, receive } from "#http2/flow.ts";

describe("a receive window", () => {
  test("takes what it allowed and not a byte more", () => {
    const window = { receiveOpen: 10, receiveOwed: 0 };
    expect(receive(window, 10)).toBe(true);
    expect(receive(window, 1)).toBe(false);
  });

  test("holds updates back until they are worth half of it", () => {
    const window = { receiveOpen: 0, receiveOwed: 0 };
    expect(giveBack(window, 49, 100)).toBe(0);
    expect(giveBack(window, 1, 100)).toBe(50);
    expect(window).toEqual({ receiveOpen: 50, receiveOwed: 0 });
  });

  test.each([
    ["half of a small one", 100, 50],
    ["128 KiB, where that is less than half and more than a quarter", 400 * 1024, 128 * 1024],
    ["a quarter of a large one", 4 << 20, 1 << 20],
  ])("holds updates back until they are worth %s", (_name, target, worth) => {
    const window = { receiveOpen: 0, receiveOwed: 0 };
    expect(giveBack(window, worth - 1, target)).toBe(0);
    expect(window).toEqual({ receiveOpen: 0, receiveOwed: worth - 1 });
    expect(giveBack(window, 1, target)).toBe(worth);
  });

  test("never loses a byte: what came in equals what was given back and what is owed", () => {
    const window = { receiveOpen: 1000, receiveOwed: 0 };
    for (let bytes = 1; bytes < 200; bytes += 7) {
      expect(receive(window, bytes)).toBe(true);
      giveBack(window, bytes, 1000);
      expect(window.receiveOpen + window.receiveOwed).toBe(1000);
    }
  });
});

describe("a bandwidth estimate", () => {
  /** Windows after round trips of 10 ms in each of which the sender filled `share` of its window. */
  function windowsAfter(shares: readonly number[]): number[] {
    const estimator = new BandwidthEstimator(100_000, 1_000_000);
    let window = 100_000;
    return shares.map((share, index) => {
      estimator.start(index * 10);
      estimator.add(share * window);
      window = estimator.finish(index * 10 + 10);
      return window;
    });
  }

  test("doubles the window while its sender fills it", () => {
    expect(windowsAfter([1, 1, 1])).toEqual([200_000, 400_000, 800_000]);
  });

  test("asks no sooner than ten milliseconds after it last did", () => {
    const estimator = new BandwidthEstimator(100_000, 1_000_000);
    expect(estimator.isDue(0)).toBe(true);
    estimator.start(0);
    estimator.finish(1);
    expect([estimator.isDue(9), estimator.isDue(10)]).toEqual([false, true]);
  });

  test("stops at the most that is allowed", () => {
    expect(windowsAfter([1, 1, 1, 1, 1]).at(-1)).toBe(1_000_000);
  });

  test("leaves a window alone that its sender does not fill", () => {
    expect(windowsAfter([0.5, 0.6])).toEqual([100_000, 100_000]);
  });

  test("leaves a window alone when a full one brought no more bandwidth than before", () => {
    const estimator = new BandwidthEstimator(100_000, 1_000_000);
    const rounds = [10, 40].map((roundTripMs, index) => {
      estimator.start(index * 100);
      estimator.add(150_000);
      return estimator.finish(index * 100 + roundTripMs);
    });
    expect(rounds).toEqual([300_000, 300_000]);
  });

  test("does not ask while an answer is on its way", () => {
    const estimator = new BandwidthEstimator(100_000, 1_000_000);
    estimator.start(0);
    expect([estimator.sampling, estimator.isDue(1_000)]).toEqual([true, false]);
    estimator.finish(1_000);
    expect([estimator.sampling, estimator.isDue(1_000)]).toEqual([false, true]);
  });

  test("takes a window of which two thirds were filled for full, and none of less", () => {
    const windowOf = (bytes: number) => {
      const estimator = new BandwidthEstimator(90_000, 1_000_000);
      estimator.start(0);
      estimator.add(bytes);
      return estimator.finish(10);
    };
    expect([windowOf(59_999), windowOf(60_000)]).toEqual([90_000, 120_000]);
  });

  test("counts what came since its PING, and nothing of the round before", () => {
    const estimator = new BandwidthEstimator(100_000, 1_000_000);
    estimator.start(0);
    estimator.add(60_000);
    expect(estimator.finish(10)).toBe(100_000);
    estimator.start(20);
    estimator.add(60_000);
    expect(estimator.finish(30)).toBe(100_000);
  });

  test("never makes a window smaller", () => {
    const estimator = new BandwidthEstimator(100_000, 150_000);
    estimator.start(0);
    estimator.add(140_000);
    expect(estimator.finish(100)).toBe(150_000);
    estimator.start(200);
    estimator.add(100_001);
    expect(estimator.finish(201)).toBe(150_000);
  });

  /** The window after rounds of such lengths, the first of which brought a million bytes, the last so many. */
  function windowAfter(roundsMs: readonly number[], bytes: number): number {
    const estimator = new BandwidthEstimator(1, 1e12);
    let window = 0;
    for (const [index, roundMs] of roundsMs.entries()) {
      estimator.start(index * 1_000);
      if (index === 0) estimator.add(1_000_000);
      if (index === roundsMs.length - 1) estimator.add(bytes);
      window = estimator.finish(index * 1_000 + roundMs);
    }
    return window;
  }

  const tens = (count: number) => new Array<number>(count).fill(10);

  test.each([
    ["the second of two", [10, 20], 1_500_000],
    ["the last of nine, evenly with the others", [...tens(8), 55], 1_500_000],
    ["one behind ten, by a tenth", [...tens(10), 60], 1_500_000],
    ["one behind twenty, by a tenth", [...tens(20), 60], 1_500_000],
  ])("weighs a round trip by those before: %s", (_name, roundsMs, record) => {
    expect(windowAfter(roundsMs, record - 1_000)).toBe(2_000_000);
    expect(windowAfter(roundsMs, record + 1_000)).toBe(2 * (record + 1_000));
  });

  test("takes the same bandwidth once more for no record", () => {
    expect(windowAfter([10, 20], 1_500_000)).toBe(2_000_000);
  });

  test("takes a round trip without a measurable length for a short one", () => {
    expect(windowAfter([0, 0], 2_000_000)).toBe(4_000_000);
  });
});
