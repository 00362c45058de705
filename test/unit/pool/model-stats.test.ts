/** What is known of a model on an endpoint, and for how long. */

import { expect, test } from "vitest";
import { ModelStats } from "#pool/model-stats.ts";

test("the shortest time is that of this minute and the one before", () => {
  const stats = new ModelStats();
  expect(stats.leastMs).toBe(0);
  stats.add(true, 40, 0);
  stats.add(true, 90, 10);
  expect(stats.leastMs).toBe(40);
  stats.add(true, 70, 61_000);
  expect(stats.leastMs).toBe(40);
  stats.add(true, 80, 122_000);
  expect(stats.leastMs).toBe(70);
  stats.add(true, 85, 600_000);
  expect(stats.leastMs).toBe(85);
});

test("a failure says nothing of how fast it answers", () => {
  const stats = new ModelStats();
  stats.add(false, 1, 0);
  expect([stats.leastMs, stats.latencyMs(0), stats.successRate]).toEqual([0, undefined, 0]);
});

test("a latency is forgotten after a minute without a call, so that a slow call does not keep an endpoint out for good", () => {
  const stats = new ModelStats();
  stats.add(true, 9_000, 0);
  expect(stats.latencyMs(60_000)).toBe(9_000);
  expect(stats.latencyMs(60_001)).toBeUndefined();
  stats.add(true, 50, 70_000);
  expect(stats.latencyMs(70_000)).toBe(50);
});

test("who was given up on is as slow as it was waited for, and no faster for it", () => {
  const stats = new ModelStats();
  stats.add(true, 100, 0);
  stats.addWait(50, 1);
  expect(stats.latencyMs(1)).toBe(100);
  stats.addWait(400, 2);
  expect(stats.latencyMs(2)).toBe(400);
  expect(stats.leastMs).toBe(100);
});

test("what was seen before a recovery is forgotten", () => {
  const stats = new ModelStats();
  stats.add(false, 1, 0);
  stats.add(true, 100, 0);
  stats.forget();
  expect([stats.latencyMs(0), stats.successRate]).toEqual([undefined, undefined]);
});
