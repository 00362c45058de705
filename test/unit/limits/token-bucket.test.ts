import fc from "fast-check";
import { expect, test } from "vitest";
import { fullBucket, take } from "#limits/token-bucket.ts";

const limits = { capacity: 5, perSecond: 10 };
const rows = [
  { name: "a full bucket grants at once", tokens: 5, idleMs: 0, cost: 5, waitMs: 0, left: 0 },
  { name: "an empty bucket names the wait", tokens: 0, idleMs: 0, cost: 1, waitMs: 100, left: 0 },
  { name: "refill stops at capacity", tokens: 4, idleMs: 60_000, cost: 5, waitMs: 0, left: 0 },
  { name: "refill counts fractions", tokens: 0, idleMs: 150, cost: 1, waitMs: 0, left: 0.5 },
  { name: "a refused try takes nothing", tokens: 1, idleMs: 0, cost: 2, waitMs: 100, left: 1 },
  {
    name: "a clock stepping back refills nothing",
    tokens: 0,
    idleMs: -50,
    cost: 1,
    waitMs: 100,
    left: 0,
  },
] as const;
for (const { name, tokens, idleMs, cost, waitMs, left } of rows) {
  test(`take: ${name}`, () => {
    const taken = take({ tokens, atMs: 1_000 }, limits, { cost, nowMs: 1_000 + idleMs });
    expect(taken.waitMs).toBe(waitMs);
    expect(taken.bucket.tokens).toBeCloseTo(left);
  });
}

test("a full bucket holds its capacity from now on", () => {
  expect(fullBucket(limits, 7)).toEqual({ tokens: 5, atMs: 7 });
});

test("a clock that steps back and goes on refills the time between once", () => {
  const back = take({ tokens: 0, atMs: 1_000 }, limits, { cost: 1, nowMs: 500 });
  expect(take(back.bucket, limits, { cost: 1, nowMs: 1_000 }).waitMs).toBe(100);
});

test("over any span no more is granted than the burst and the refill of that span", () => {
  const step = fc.record({
    idleMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
    cost: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      let nowMs = 0;
      let granted = 0;
      let bucket = fullBucket(limits, nowMs);
      for (const { idleMs, cost } of steps) {
        nowMs += idleMs;
        const taken = take(bucket, limits, { cost, nowMs });
        bucket = taken.bucket;
        if (taken.waitMs === 0) granted += cost;
        expect(granted).toBeLessThanOrEqual(
          limits.capacity + (nowMs * limits.perSecond) / 1000 + 1e-6,
        );
      }
    }),
  );
});

test("waiting as long as told is enough", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0, max: 5, noNaN: true }),
      fc.integer({ min: 1, max: 5 }),
      (tokens, cost) => {
        const { waitMs, bucket } = take({ tokens, atMs: 0 }, limits, { cost, nowMs: 0 });
        expect(take(bucket, limits, { cost: waitMs === 0 ? 0 : cost, nowMs: waitMs }).waitMs).toBe(
          0,
        );
      },
    ),
  );
});
