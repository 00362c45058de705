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
});
