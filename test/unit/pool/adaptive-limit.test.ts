/** A limit of calls grows by what goes well at the limit, and falls by what a backend cannot take. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { AdaptiveLimit, type EndedCall } from "#pool/adaptive-limit.ts";

const bounds = { min: 2, max: 50 };

/** A limit, and calls that begin and end a millisecond apart, each while `inFlight` are. */
function setting(own: Partial<typeof bounds> = {}) {
  const limit = new AdaptiveLimit({ ...bounds, ...own });
  let nowMs = 0;
  const end = (
    outcome: EndedCall["outcome"],
    { inFlight = Number.POSITIVE_INFINITY, startedMs = nowMs + 0.5 } = {},
  ) => {
    limit.began(inFlight, nowMs + 0.5);
    nowMs += 1;
    limit.ended({ outcome, startedMs }, nowMs);
    return limit.value;
  };
  const times = (count: number, ...ended: Parameters<typeof end>) => {
    for (let done = 0; done < count; done += 1) end(...ended);
    return limit.value;
  };
  return { limit, end, times, nowMs: () => nowMs };
}

describe("an adaptive limit", () => {
  test("begins at its least, and grows by one for each success until the first pushback", () => {
    const { limit, times } = setting();
    expect(limit.value).toBe(2);
    expect(times(10, "ok")).toBe(12);
  });

  test("after that grows by one for each window of successes", () => {
    const { end, times } = setting();
    times(18, "ok");
    expect(end("pushback")).toBe(18);
    expect(times(17, "ok")).toBe(18);
    expect(times(2, "ok")).toBe(19);
  });

  test("does not grow by calls in whose time it was not used whole", () => {
    const { limit, end, times } = setting();
    expect(times(100, "ok", { inFlight: 1 })).toBe(2);
    expect(end("ok", { inFlight: 2 })).toBe(3);
    // In the time of one that began earlier it was.
    limit.ended({ outcome: "ok", startedMs: 0 }, 200);
    expect(limit.value).toBe(4);
  });

  test("falls by a tenth, and once for all calls that began before that", () => {
    const { end, times, nowMs } = setting();
    times(38, "ok");
    const before = nowMs();
    expect(end("pushback")).toBe(36);
    expect(times(30, "pushback", { startedMs: before })).toBe(36);
    expect(times(30, "ok", { startedMs: before })).toBe(36);
    expect(end("pushback")).toBe(32);
  });

  test("learns nothing from failures of another kind", () => {
    const { times } = setting();
    expect(times(100, "other")).toBe(2);
  });

  test("begins anew when it is reset", () => {
    const { limit, end, times } = setting();
    times(20, "ok");
    end("pushback");
    limit.reset();
    expect([limit.value, times(5, "ok")]).toEqual([2, 7]);
  });

  test("whatever comes, is a whole number within its bounds, falls by no more than a tenth, and grows by no more than one", () => {
    const calls = fc.array(
      fc.record({
        outcome: fc.constantFrom<EndedCall["outcome"][]>("ok", "pushback", "other"),
        startedMs: fc.integer({ min: -100, max: 300 }),
        inFlight: fc.integer({ min: 1, max: 100 }),
      }),
      { maxLength: 300 },
    );
    const within = fc.record({
      min: fc.integer({ min: 1, max: 20 }),
      max: fc.integer({ min: 20, max: 200 }),
    });
    fc.assert(
      fc.property(within, calls, (own, all) => {
        const limit = new AdaptiveLimit(own);
        let before = limit.value;
        for (const [nowMs, call] of all.entries()) {
          limit.began(call.inFlight, nowMs);
          limit.ended(call, nowMs);
          const { value } = limit;
          expect(Number.isInteger(value)).toBe(true);
          expect(value).toBeGreaterThanOrEqual(own.min);
          expect(value).toBeLessThanOrEqual(own.max);
          expect(value - before).toBeLessThanOrEqual(1);
          expect(before - value).toBeLessThanOrEqual(before * 0.1 + 1);
          before = value;
        }
      }),
    );
  });
});
