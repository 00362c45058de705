/** Limits over any calls and times: never more than capacity and rate allow, and never less than a caller within its rate is owed. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { ownLimitsOnly } from "#limits/limit-options.ts";
import { MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import { chargeOf } from "#limits/token-bucket.ts";

const limitsOf = fc.record({
  capacity: fc.integer({ min: 1, max: 1_000 }),
  perSecond: fc.double({ min: 0.01, max: 1_000, noNaN: true }),
});
/** Sums of fractions are off by so much, at most. */
const slack = 1e-6;

test("never more than the capacity and what the rate gives are admitted in any span of time", () => {
  fc.assert(
    fc.property(
      limitsOf,
      fc.array(
        fc.record({ waitMs: fc.nat({ max: 5_000 }), cost: fc.integer({ min: 1, max: 50 }) }),
        { minLength: 1, maxLength: 100 },
      ),
      (limits, calls) => {
        let nowMs = 0;
        const store = new MemoryLimits(10, { nowMs: () => nowMs });
        const admitted: { atMs: number; cost: number }[] = [];
        for (const { waitMs, cost: asked } of calls) {
          nowMs += waitMs;
          const cost = Math.min(asked, limits.capacity);
          if (store.reserve([{ key: "a", limits, cost }]).waitMs === 0) {
            admitted.push({ atMs: nowMs, cost });
          }
        }
        for (const [from, { atMs }] of admitted.entries()) {
          let sum = 0;
          for (const one of admitted.slice(from)) {
            sum += one.cost;
            const bound = limits.capacity + ((one.atMs - atMs) * limits.perSecond) / 1000;
            expect(sum).toBeLessThanOrEqual(bound + slack);
          }
        }
      },
    ),
  );
});

test("a caller within its rate is never refused, whatever others do", () => {
  fc.assert(
    fc.property(
      limitsOf,
      fc.array(fc.nat({ max: 20 }), { minLength: 1, maxLength: 60 }),
      (limits, noise) => {
        let nowMs = 0;
        const store = new MemoryLimits(1_000, { nowMs: () => nowMs });
        for (const [turn, others] of noise.entries()) {
          // A whisker late, so that a sum of fractions is no refusal.
          nowMs = (turn * 1_000.001) / limits.perSecond;
          for (let other = 0; other < others; other += 1) {
            store.reserve([{ key: `other ${other}`, limits, cost: 1 }]);
          }
          expect(store.reserve([{ key: "own", limits, cost: 1 }]).waitMs).toBe(0);
        }
      },
    ),
  );
});

test("who waits as long as it is told is admitted then, and not a millisecond earlier than due", () => {
  fc.assert(
    fc.property(limitsOf, fc.integer({ min: 1, max: 3_000 }), (limits, cost) => {
      let nowMs = 0;
      const store = new MemoryLimits(10, { nowMs: () => nowMs });
      store.reserve([{ key: "a", limits, cost: limits.capacity }]);
      const { waitMs } = store.reserve([{ key: "a", limits, cost }]);
      nowMs = waitMs - 2;
      if (nowMs > 0) expect(store.reserve([{ key: "a", limits, cost }]).waitMs).toBeGreaterThan(0);
      nowMs = waitMs + 1;
      expect(store.reserve([{ key: "a", limits, cost }]).waitMs).toBe(0);
    }),
  );
});

test("what calls reserve and settle comes to what they used, in any order", () => {
  const call = fc.record({
    reserved: fc.integer({ min: 0, max: 400 }),
    used: fc.integer({ min: 0, max: 400 }),
    endsAfter: fc.nat({ max: 5 }),
  });
  fc.assert(
    fc.asyncProperty(fc.array(call, { maxLength: 40 }), async (calls) => {
      const clock = { ...systemClock, nowMs: () => 0, wallMs: () => 0 };
      // Nothing comes back, and all of it fits, so that the sum is exact.
      const terms = { tokens: { capacity: 100_000, perSecond: 0 } };
      const limiter = new Limiter(
        { ...ownLimitsOnly, client: terms },
        { store: new MemoryLimits(10, clock), clock },
      );
      const caller = { name: "key:a", address: "192.0.2.1", terms, routes: [] };
      const open: { at: number; end(): void }[] = [];
      for (const [at, { reserved, used, endsAfter }] of calls.entries()) {
        for (const one of open.filter((each) => each.at <= at)) one.end();
        const limits = limiter.of(caller);
        const pass = await limits.enter(
          { provider: "p", model: "m" },
          { tokens: reserved, microUsd: 0 },
        );
        if (pass.kind !== "granted") throw new Error("all of it fits");
        open.push({
          at: at + endsAfter,
          end: () => pass.ended({ tokens: used, microUsd: 0 }),
        });
      }
      for (const one of open) one.end();
      const owner = limiter.find("principal", "key:a");
      const [state] = owner === undefined ? [] : await limiter.states(owner);
      const sum = calls.reduce((total, { used }) => total + used, 0);
      expect(state?.tokens ?? 100_000).toBe(100_000 - sum);
    }),
  );
});

test("a bucket never owes more than its capacity, and a correction gives back no more than was taken", () => {
  fc.assert(
    fc.property(
      limitsOf,
      fc.integer({ min: 0, max: 1e9 }),
      fc.integer({ min: 0, max: 1e9 }),
      (limits, reserved, used) => {
        const store = new MemoryLimits(10, { nowMs: () => 0 });
        store.reserve([{ key: "a", limits, cost: reserved }]);
        const tokens = chargeOf(reserved, limits) - chargeOf(used, limits);
        store.adjust([{ key: "a", limits, tokens }]);
        const left = store.read("a", limits).tokens;
        expect(left).toBeGreaterThanOrEqual(-limits.capacity);
        expect(left).toBeCloseTo(limits.capacity - chargeOf(used, limits), 6);
      },
    ),
  );
});

describe("eight clients at once for a minute", () => {
  /** The clock's steps, by the second that they come in: forward and back, as an operator sets it. */
  const steps = new Map([
    [10, 3_600_000],
    [20, -7_200_000],
    [40, 86_400_000],
  ]);
  const rate = { capacity: 50, perSecond: 20 };
  const exact = rate.capacity + 60 * rate.perSecond;

  /** Admits calls of `cost` for a minute; returns the tokens that were admitted. */
  function minute(cost: (turn: number) => number): number {
    let nowMs = 0;
    let wallMs = 0;
    const clock = { ...systemClock, nowMs: () => nowMs, wallMs: () => wallMs };
    const terms = { requests: rate };
    const limiter = new Limiter(
      { ...ownLimitsOnly, client: terms },
      { store: new MemoryLimits(10, clock), clock },
    );
    const store = limiter.store as MemoryLimits;
    let admitted = 0;
    for (let turn = 0; turn < 60_000; turn += 1) {
      nowMs += 1;
      wallMs += 1 + (turn % 1_000 === 0 ? (steps.get(turn / 1_000) ?? 0) : 0);
      for (let client = 0; client < 8; client += 1) {
        if ((turn + client) % 8 !== 0) continue;
        const asked = cost(turn + client);
        const key = limiter.of({ name: "key:a", address: "", terms, routes: [] });
        if (asked === 1) {
          if ((key.arrive() as { kind: string }).kind === "granted") admitted += 1;
          continue;
        }
        const { waitMs } = store.reserve([{ key: "tokens", limits: rate, cost: asked }]);
        if (waitMs === 0) admitted += asked;
        else store.reserve([{ key: "tokens", limits: rate, cost: 10_000 }]);
      }
    }
    return admitted;
  }

  test("are admitted the exact number of requests, within one in a hundred, though the wall clock steps", () => {
    expect(Math.abs(minute(() => 1) - exact)).toBeLessThanOrEqual(exact / 100);
  });

  test("are admitted the exact number of tokens, within one in a hundred, though refused calls ask on", () => {
    const admitted = minute((turn) => 2 + (turn % 7));
    expect(Math.abs(admitted - exact)).toBeLessThanOrEqual(exact / 100);
  });

  test("use the exact number of tokens, within one in a hundred, though most streams are cut early", () => {
    const tokens = { capacity: 500, perSecond: 200 };
    const bound = tokens.capacity + 60 * tokens.perSecond;
    let nowMs = 0;
    const clock = { ...systemClock, nowMs: () => nowMs, wallMs: () => nowMs };
    const terms = { tokens };
    const limiter = new Limiter(
      { ...ownLimitsOnly, client: terms },
      { store: new MemoryLimits(10, clock), clock },
    );
    const caller = { name: "key:a", address: "", terms, routes: [] };
    const target = { provider: "p", model: "m" };
    const streams = new Array<{ readonly endsMs: number; end(): void } | undefined>(8);
    let used = 0;
    for (nowMs = 1; nowMs <= 60_000; nowMs += 1) {
      for (const [client, stream] of streams.entries()) {
        if (stream !== undefined && nowMs < stream.endsMs) continue;
        stream?.end();
        streams[client] = undefined;
        const reserved = { tokens: 30, microUsd: 0 };
        const pass = limiter.of(caller).enter(target, reserved);
        if (pass instanceof Promise || pass.kind !== "granted") continue;
        // One of three streams is whole, and one of nine longer than was expected.
        const turn = nowMs + client;
        const spent = turn % 3 === 0 ? 30 + (turn % 9 === 0 ? 5 : 0) : turn % 30;
        used += spent;
        streams[client] = {
          endsMs: nowMs + 20 + (turn % 50),
          end: () => pass.ended({ tokens: spent, microUsd: 0 }),
        };
      }
    }
    for (const stream of streams) stream?.end();
    expect(Math.abs(used - bound)).toBeLessThanOrEqual(bound / 100);
  });
});
