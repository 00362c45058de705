/** Whoever computes shares the turns of the event loop with everyone else who does. */

import { expect, test } from "vitest";
import { createTurns, inTurns } from "#core/turns.ts";
import { eventLoopTurn } from "../../support/predict.ts";

/** A clock on which each slice takes `sliceMs`. */
function turnsOf(sliceMs: number) {
  let nowMs = 0;
  const turns = createTurns({ nowMs: () => nowMs });
  return {
    async compute(slices: number, done: () => void) {
      for (let slice = 0; slice < slices; slice += 1) {
        const pause = turns.next();
        if (pause !== undefined) await pause;
        nowMs += sliceMs;
        done();
      }
    },
  };
}

/** What is done in each turn of the event loop until `all` of it is. */
async function perTurn(done: () => number, all: number): Promise<number[]> {
  const counts: number[] = [];
  while (done() < all) {
    const before = done();
    await eventLoopTurn();
    counts.push(done() - before);
  }
  return counts;
}

test("slices that fill a turn are computed one per turn, in the order in which they were asked for", async () => {
  const { compute } = turnsOf(1);
  const went: string[] = [];
  const all = Promise.all(["a", "b", "c"].map((name) => compute(3, () => went.push(name))));
  const counts = await perTurn(() => went.length, 9);
  await all;
  expect(Math.max(...counts)).toBe(1);
  expect(went.join("")).toBe("aabcabcbc");
});

test("a turn is full once all slices in it, of however many callers, have taken its time", async () => {
  const { compute } = turnsOf(0.25);
  let done = 0;
  const all = Promise.all(Array.from({ length: 100 }, () => compute(1, () => done++)));
  expect(done).toBe(4);
  const counts = await perTurn(() => done, 100);
  await all;
  expect(Math.max(...counts)).toBe(1);
});

test("who computes alone goes on while the turn has time left, and in the next turn from there", async () => {
  const { compute } = turnsOf(0.25);
  let done = 0;
  const alone = compute(11, () => done++);
  expect(done).toBe(4);
  const counts = await perTurn(() => done, 11);
  await alone;
  expect(counts.filter((count) => count > 0)).toEqual([4, 3]);
});

test("whoever lets others go first has its turn later, though there is time left", async () => {
  const turns = createTurns({ nowMs: () => 0 });
  const went: string[] = [];
  const heavy = turns.later().then(() => went.push("heavy"));
  expect(turns.next()).toBeUndefined();
  went.push("other");
  await heavy;
  expect(went).toEqual(["other", "heavy"]);
  const again = turns.later().then(() => went.push("again"));
  await again;
  expect(went.at(-1)).toBe("again");
});

test("work in slices comes to what it returns, and others have their turns between the slices", async () => {
  let nowMs = 0;
  const turns = createTurns({ nowMs: () => nowMs });
  const went: string[] = [];
  function* work(name: string) {
    for (let slice = 0; slice < 3; slice += 1) {
      went.push(name);
      nowMs += 1;
      yield;
    }
    return name;
  }
  expect(await Promise.all([inTurns(work("a"), turns), inTurns(work("b"), turns)])).toEqual([
    "a",
    "b",
  ]);
  expect(["a", "b"].map((name) => went.filter((one) => one === name).length)).toEqual([3, 3]);
  expect(went.join("")).not.toMatch(/aaa|bbb/);
});

test("whoever lets others go first has its turn though there are no others", async () => {
  const turns = createTurns({ nowMs: () => 0 });
  await turns.later();
  await turns.later();
  expect(turns.next()).toBeUndefined();
});

test("a turn in which nobody waited is over with the turn of the event loop", async () => {
  let nowMs = 0;
  const turns = createTurns({ nowMs: () => nowMs });
  expect(turns.next()).toBeUndefined();
  await eventLoopTurn();
  await eventLoopTurn();
  nowMs = 100;
  expect(turns.next()).toBeUndefined();
});
