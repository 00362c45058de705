/** Who is next in line for a place: by level and arrival, in bounds, and none for ever. */

import { describe, expect, test } from "vitest";
import type { Priority } from "#core/priority.ts";
import { PlaceQueue, turnMs, type Waiter } from "#pool/place-queue.ts";

const terms = { callsMax: 10, waitMs: 1_000 };

/** A call in line that notes what becomes of it. */
function waiter(priority: Priority, arrivedMs: number, only?: string) {
  const ends: string[] = [];
  return {
    priority,
    arrivedMs,
    ends,
    accepts: (_: PlaceQueue, member: string) => only === undefined || only === member,
    serve: () => void ends.push("served"),
    drop: (_: PlaceQueue, end: string) => void ends.push(end),
  };
}

/** Takes calls out of line in the order of their turns. */
function* inTurn(queue: PlaceQueue): Generator<Waiter> {
  for (let next = queue.next("a"); next !== undefined; next = queue.next("a")) {
    queue.leave(next);
    yield next;
  }
}

describe("a turn", () => {
  test("comes later by so much for each level below the first", () => {
    const turns = (["high", "normal", "low"] as const).map((priority) =>
      turnMs({ arrivedMs: 100, priority }, 25),
    );
    expect(turns).toEqual([100, 125, 150]);
  });

  test("is that of the higher level, and within one that of who came first", () => {
    const queue = new PlaceQueue("gpu", terms);
    const calls = (["low", "normal", "high", "normal", "high", "low"] as const).map(
      (priority, index) => waiter(priority, index),
    );
    for (const call of calls) queue.join(call);
    expect([...inTurn(queue)].map(({ priority, arrivedMs }) => `${priority} ${arrivedMs}`)).toEqual(
      ["high 2", "high 4", "normal 1", "normal 3", "low 0", "low 5"],
    );
    expect(queue.length).toBe(0);
  });

  test("of a low call comes although higher ones never cease to arrive", () => {
    const queue = new PlaceQueue("gpu", terms);
    const low = waiter("low", 0);
    queue.join(low);
    // A high call each millisecond, and a place for one.
    let ms = 0;
    for (;;) {
      queue.join(waiter("high", ms));
      const next = queue.next("a") as Waiter;
      queue.leave(next);
      if (next === low) break;
      ms += 1;
      expect(ms).toBeLessThan(10_000);
    }
    // Half of what it would wait at most.
    expect(ms).toBe(501);
  });

  test("passes over those to whom this endpoint is of no use, and they keep their place", () => {
    const queue = new PlaceQueue("gpu", terms);
    const [picky, other] = [waiter("high", 0, "b"), waiter("low", 1)];
    queue.join(picky);
    queue.join(other);
    expect([queue.next("a"), queue.next("b")]).toEqual([other, picky]);
    queue.leave(other);
    expect(queue.next("a")).toBeUndefined();
  });
});

describe("a full queue", () => {
  test("takes no more, and tells of each that it did not take", () => {
    let full = 0;
    const queue = new PlaceQueue("gpu", terms, {
      onChange() {},
      onEnd() {},
      onFull: () => {
        full += 1;
      },
    });
    const joined = Array.from({ length: 13 }, (_, index) => queue.join(waiter("normal", index)));
    expect(joined.filter(Boolean).length).toBe(10);
    expect([queue.length, full]).toEqual([10, 3]);
  });

  test("puts the latest of those that matter least out for one that matters more", () => {
    const queue = new PlaceQueue("gpu", { ...terms, callsMax: 4 });
    const calls = (["low", "normal", "low", "normal"] as const).map((priority, index) =>
      waiter(priority, index),
    );
    for (const call of calls) queue.join(call);
    const lates = (["low", "normal", "high", "high", "high", "normal"] as const).map(
      (priority, index) => queue.join(waiter(priority, 10 + index)),
    );
    expect(lates).toEqual([false, true, true, true, true, false]);
    expect(calls.map(({ ends }) => ends)).toEqual([
      ["displaced"],
      [],
      ["displaced"],
      ["displaced"],
    ]);
    expect(queue.length).toBe(4);
  });
});

test("ten thousand calls that leave in any order leave nothing behind, and each change is told", () => {
  const lengths = { high: 0, normal: 0, low: 0 };
  let most = 0;
  const queue = new PlaceQueue(
    "gpu",
    { ...terms, callsMax: 10_000 },
    {
      onChange(priority, by) {
        lengths[priority] += by;
        most = Math.max(most, lengths.high + lengths.normal + lengths.low);
      },
      onEnd() {},
      onFull() {},
    },
  );
  const calls = Array.from({ length: 10_000 }, (_, index) =>
    waiter((["high", "normal", "low"] as const)[index % 3] ?? "low", index),
  );
  for (const call of calls) queue.join(call);
  // 7 has no divisor in common with their number, so each is met once.
  for (let index = 0; index < calls.length; index += 1) {
    expect(queue.leave(calls[(index * 7) % calls.length] as Waiter)).toBe(true);
  }
  expect(queue.leave(calls[0] as Waiter)).toBe(false);
  expect([queue.length, queue.next("a"), most]).toEqual([0, undefined, 10_000]);
  expect(lengths).toEqual({ high: 0, normal: 0, low: 0 });
});

test("dismissed, all are told, and none is left", () => {
  const queue = new PlaceQueue("gpu", terms);
  const calls = [waiter("low", 0), waiter("high", 1)];
  for (const call of calls) queue.join(call);
  queue.dismiss();
  expect(calls.map(({ ends }) => ends)).toEqual([["dismissed"], ["dismissed"]]);
  expect(queue.length).toBe(0);
});
