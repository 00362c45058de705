import { expect, test } from "vitest";
import { createTurns, Slice } from "#core/turns.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { eventLoopTurn } from "../../support/predict.ts";

test("one of those who wait goes on in a turn of the event loop, in the order they came", async () => {
  const nextTurn = createTurns();
  const went: string[] = [];
  const compute = async (name: string) => {
    for (const slice of [1, 2]) {
      await nextTurn();
      went.push(`${name}${slice}`);
    }
  };
  const all = Promise.all([compute("a"), compute("b"), compute("c")]);
  const perTurn: number[] = [];
  while (went.length < 6) {
    const before = went.length;
    await eventLoopTurn();
    perTurn.push(went.length - before);
  }
  await all;
  expect(Math.max(...perTurn)).toBe(1);
  expect(went).toEqual(["a1", "b1", "c1", "a2", "b2", "c2"]);
});

test("a slice is over after five milliseconds, and the next one begins after a turn", async () => {
  const clock = createManualClock();
  await clock.advance(1_000);
  const slice = new Slice(clock);
  await clock.advance(4);
  expect(slice.isOver).toBe(false);
  await clock.advance(1);
  expect(slice.isOver).toBe(true);
  await slice.next();
  expect(slice.isOver).toBe(false);
  await clock.advance(5);
  expect(slice.isOver).toBe(true);
});
