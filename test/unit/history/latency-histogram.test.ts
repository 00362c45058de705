/** The bars of latencies: those that took no time at all have one, too. */

import { expect, test } from "vitest";
import { LatencyHistogram } from "#history/latency-histogram.ts";

test("what took no time, or less, counts in the first bar", () => {
  const histogram = new LatencyHistogram();
  for (const ms of [0, -1, Number.NaN]) histogram.add(ms);
  expect(histogram.toText()).toBe("0,3");
  expect(LatencyHistogram.fromText(histogram.toText()).toText()).toBe("0,3");
});
