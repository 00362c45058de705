/** What is refused follows what was measured, twice in a row, and no pause by itself. */

import { describe, expect, test } from "vitest";
import { type LoadSample, LoadTrend } from "#overload/load-level.ts";
import { heapShareOfProcess, LoadMonitor } from "#overload/load-monitor.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const terms = { lagMs: 100, heapShare: 0.85, heapShareAll: 0.95 };
const idle: LoadSample = { lagMs: 1, heapShare: 0.2 };
const late: LoadSample = { lagMs: 101, heapShare: 0.2 };
const full: LoadSample = { lagMs: 1, heapShare: 0.86 };
const critical: LoadSample = { lagMs: 500, heapShare: 0.96 };

/** The level after each of the samples. */
function levels(samples: readonly LoadSample[]) {
  const trend = new LoadTrend(terms);
  return samples.map((sample) => {
    trend.add(sample);
    const { level } = trend;
    return level.refuses === "nothing" ? "nothing" : `${level.refuses} by ${level.cause}`;
  });
}

describe("the level", () => {
  test.each([
    [
      "one pause is no overload",
      [idle, late, idle, late],
      ["nothing", "nothing", "nothing", "nothing"],
    ],
    ["two in a row are", [late, late, late], ["nothing", "low by lag", "low by lag"]],
    [
      "it is over with the first good sample",
      [late, late, idle],
      ["nothing", "low by lag", "nothing"],
    ],
    ["a full heap refuses low priority", [full, full], ["nothing", "low by heap"]],
    ["one that is nearly used up refuses all", [critical, critical], ["nothing", "all by heap"]],
    ["it rises by steps", [full, critical, critical], ["nothing", "low by heap", "all by heap"]],
    [
      "at the bounds nothing is refused",
      Array(3).fill({ lagMs: 100, heapShare: 0.85 }),
      Array(3).fill("nothing"),
    ],
  ] as const)("%s", (_name, samples, expected) => {
    expect(levels(samples)).toEqual(expected);
  });
});

describe("the monitor", () => {
  test("samples every 250 ms until it is disposed of, and tells of changes alone", async () => {
    const clock = createManualClock();
    let share = 0.2;
    let reads = 0;
    const told: string[] = [];
    const monitor = new LoadMonitor(terms, {
      clock,
      heapShare() {
        reads += 1;
        return share;
      },
      onChange: ({ refuses }) => told.push(refuses),
    });
    await clock.advance(1_000);
    expect([reads, told]).toEqual([4, []]);
    share = 0.96;
    await clock.advance(250);
    expect(monitor.level).toEqual({ refuses: "nothing" });
    await clock.advance(750);
    expect(monitor.level).toEqual({ refuses: "all", cause: "heap" });
    share = 0.2;
    await clock.advance(250);
    monitor[Symbol.dispose]();
    await clock.advance(10_000);
    expect([reads, told]).toEqual([9, ["all", "nothing"]]);
    expect(clock.sleeping()).toBe(0);
  });

  test.each([
    [
      "two quarters of a second with a turn that is too long",
      [0, 0, 150, 0, 0, 0, 0, 0, 0, 150],
      "low",
    ],
    ["turns that are longer than a sample", Array(10).fill(900), "low"],
    ["one such turn alone", [900, ...Array(9).fill(0)], "nothing"],
    ["turns as long as may be", Array(10).fill(100), "nothing"],
  ] as const)("sees %s", (_name, delays, refuses) => {
    let nowMs = 0;
    let look = () => {};
    let holding = 0;
    const timer = {
      unref() {
        holding -= 1;
      },
    };
    const clock = {
      ...createManualClock(),
      nowMs: () => nowMs,
      timer<T>(ms: number, due: (subject: T, ms: number) => void, subject: T) {
        look = () => {
          nowMs += ms;
          due(subject, ms);
        };
        holding += 1;
        return timer;
      },
    };
    const monitor = new LoadMonitor(terms, { clock, heapShare: () => 0, onChange() {} });
    for (const delayMs of delays) {
      nowMs += delayMs;
      look();
    }
    expect(monitor.level.refuses).toBe(refuses);
    // No timer keeps the process alive.
    expect(holding).toBe(0);
  });

  test("reads a share of this process's heap", () => {
    expect(heapShareOfProcess()).toBeGreaterThan(0);
    expect(heapShareOfProcess()).toBeLessThan(1);
  });
});
