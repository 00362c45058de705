import { expect, test } from "vitest";
import { createTurns } from "#core/turns.ts";
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
