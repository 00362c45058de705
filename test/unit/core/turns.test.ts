/** Whoever computes shares the turns of the event loop with everyone else who does. */

import { expect, test } from "vitest";
import { createTurns } from "#core/turns.ts";
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
