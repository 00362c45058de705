/** Limits in memory that threads share: the same decisions as one thread's own, from any number of them. */

import { once } from "node:events";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { expect, test } from "vitest";
import { MemoryLimits } from "#limits/limit-store.ts";
import { SharedBuckets } from "#limits/shared-buckets.ts";
import { createLimitsMemory, locked, partsOf } from "#limits/shared-memory.ts";
import { SharedPlaces } from "#limits/shared-places.ts";
import type { Taken, TakerData } from "../../support/limit-taker.ts";

const limits = { capacity: 10, perSecond: 5 };
const budget = { capacity: 100, perSecond: 0 };

test("two threads' buckets decide as the buckets of one process do, whichever is asked", () => {
  const key = fc.constantFrom("a", "b", "c");
  const amount = fc.integer({ min: 0, max: 25 });
  const step = fc.record({
    thread: fc.nat({ max: 1 }),
    afterMs: fc.nat({ max: 500 }),
    asks: fc.array(fc.record({ key, cost: amount, isBudget: fc.boolean() }), { maxLength: 3 }),
    adjust: fc.option(fc.record({ key, tokens: fc.integer({ min: -20, max: 20 }) })),
    reset: fc.option(key),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let nowMs = 1_000;
      const clock = { nowMs: () => nowMs };
      const memory = createLimitsMemory(100, 2);
      const shared = [1, 2].map((thread) => new SharedBuckets(memory, { thread, clock }));
      const own = new MemoryLimits(100, clock);
      for (const { thread, afterMs, asks, adjust, reset } of steps) {
        nowMs += afterMs;
        const store = shared[thread];
        const wanted = asks.map(({ key: name, cost, isBudget }) => ({
          ...{ key: isBudget ? `${name} usd` : name, cost, limits: isBudget ? budget : limits },
        }));
        expect(store?.reserve(wanted)).toEqual(own.reserve(wanted));
        if (adjust !== null) {
          const changes = [{ ...adjust, limits }];
          store?.adjust(changes);
          own.adjust(changes);
        }
        if (reset !== null) expect(store?.reset(reset)).toBe(own.reset(reset));
        expect(shared[1 - thread]?.read("a", limits)).toEqual(own.read("a", limits));
      }
    }),
  );
});

test("more keys than there is room for push out those used least recently, and never a budget", () => {
  let nowMs = 0;
  const clock = { nowMs: () => nowMs };
  const store = new SharedBuckets(createLimitsMemory(64, 1), { thread: 1, clock });
  store.reserve([{ key: "budget", limits: budget, cost: 70 }]);
  for (let key = 0; key < 10_000; key += 1) {
    nowMs += 0.01;
    store.reserve([{ key: `key ${key}`, limits, cost: 10 }]);
  }
  expect(store.read("budget", budget).tokens).toBe(30);
  expect(store.read("key 9999", limits).tokens).toBeLessThan(1);
  expect(store.read("key 0", limits).tokens).toBe(10);
});

test("four threads are granted what a bucket holds and an owner may have, to the call; an ended one gives its places back", async () => {
  const memory = createLimitsMemory(100, 4);
  const threads = [1, 2, 3, 4];
  const workers = threads.map((thread) => {
    const data: TakerData = { memory, thread, calls: 3_000, capacity: 5_000, placesMax: 700 };
    return new Worker(new URL("../../support/limit-taker.ts", import.meta.url), {
      workerData: data,
      execArgv: ["-C", "source"],
    });
  });
  const told = await Promise.all(
    workers.map(async (worker) => (await once(worker, "message")) as [Taken]),
  );
  const sum = (what: keyof Taken) => told.reduce((all, [one]) => all + one[what], 0);
  expect([sum("granted"), sum("places")]).toEqual([5_000, 700]);
  const places = new SharedPlaces(memory, 5);
  expect(places.of("owner")).toBe(700);
  await Promise.all(workers.map((worker) => worker.terminate()));
  for (const thread of threads) places.ended(thread);
  expect([places.of("owner"), places.owners]).toEqual([0, 0]);
});

test("places are counted by owner and thread, and given back one by one", () => {
  const memory = createLimitsMemory(100, 2);
  const [one, other] = [1, 2].map((thread) => new SharedPlaces(memory, thread));
  expect([one?.take("a", 2), other?.take("a", 2), one?.take("a", 2)]).toEqual([true, true, false]);
  expect(one?.take("b", 1)).toBe(true);
  one?.leave("a");
  expect([one?.of("a"), other?.of("b"), one?.owners]).toEqual([1, 1, 2]);
  other?.leave("a");
  expect([one?.take("a", 1), other?.take("a", 1)]).toEqual([true, false]);
});

test("the lock of a thread that ended while it held it is opened for the others", () => {
  const memory = createLimitsMemory(100, 2);
  const { lock } = partsOf(memory);
  Atomics.store(lock, 0, 1);
  new SharedPlaces(memory, 3).ended(1);
  expect(locked(lock, 2, () => "done")).toBe("done");
});
