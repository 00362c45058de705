import { expect, test } from "vitest";
import { Pace } from "#http2/pace.ts";

const rule = { bytesPerSecondMin: 1_000, slackMs: 5_000 };

test("a peer that moves nothing is late when its slack is over, and not before", () => {
  const pace = new Pace(100, rule.slackMs, 0);
  expect(pace.sinceMs).toBe(100);
  expect([5_099, 5_100].map((ms) => pace.isLate(ms, 0, rule))).toEqual([false, true]);
});

test("each byte buys its time, at the rate that is asked for", () => {
  const pace = new Pace(0, rule.slackMs, 0);
  expect(pace.isLate(5_000, 1, rule)).toBe(false);
  expect(pace.isLate(5_001, 0, rule)).toBe(true);
});

test("haste buys no more than the slack", () => {
  const pace = new Pace(0, rule.slackMs, 0);
  expect(pace.isLate(1_000, 1_000_000, rule)).toBe(false);
  expect([5_999, 6_000].map((ms) => pace.isLate(ms, 0, rule))).toEqual([false, true]);
});

test("time in which it was not the peer's turn does not count", () => {
  const pace = new Pace(0, rule.slackMs, 0);
  pace.excuse(700);
  expect([5_699, 5_700].map((ms) => pace.isLate(ms, 0, rule))).toEqual([false, true]);
});

test("a look tells what moved since the one before, the first since the beginning", () => {
  const pace = new Pace(0, rule.slackMs, 50);
  expect([pace.look(80), pace.look(80), pace.look(200)]).toEqual([30, 0, 120]);
});
