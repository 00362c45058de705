/** The pace that peers have to keep, whatever they speak. */

import { describe, expect, test } from "vitest";
import { Pace } from "#core/pace.ts";

const rule = { bytesPerSecondMin: 1000, slackMs: 30_000 };

describe("a pace", () => {
  /** When a peer is late that moves so many bytes at each of these moments; undefined: not within ten minutes. */
  function lateMs(bytesAt: (second: number) => number): number | undefined {
    const pace = new Pace(0, rule.slackMs, 0);
    for (let second = 1; second <= 600; second += 1) {
      if (pace.isLate(second * 1000, bytesAt(second), rule)) return second * 1000;
    }
    return undefined;
  }

  test("that stands still is late after the slack", () => {
    expect(lateMs(() => 0)).toBe(30_000);
  });

  test("is not bought with crumbs", () => {
    expect(lateMs((second) => (second % 25 === 0 ? 1100 : 0))).toBe(32_000);
  });

  test("that is kept on average is not late, pauses within the slack included", () => {
    expect(lateMs(() => 1000)).toBeUndefined();
    expect(lateMs((second) => (second % 25 === 0 ? 25_000 : 0))).toBeUndefined();
  });

  test("buys no more than the slack by haste", () => {
    expect(lateMs((second) => (second === 1 ? 1e9 : 0))).toBe(31_000);
  });

  test("stands still while it is not the peer's turn", () => {
    const pace = new Pace(0, rule.slackMs, 0);
    expect(pace.isLate(29_000, 0, rule)).toBe(false);
    pace.excuse(10_000);
    expect(pace.isLate(39_000, 0, rule)).toBe(false);
    expect(pace.isLate(40_000, 0, rule)).toBe(true);
  });

  test("is told what has moved since the last look, the first time since it began", () => {
    const pace = new Pace(0, rule.slackMs, 700);
    expect([1000, 1000, 1500].map((movedBytes) => pace.look(movedBytes))).toEqual([300, 0, 500]);
    expect(pace.sinceMs).toBe(0);
  });
});
