import { expect, test } from "vitest";
import { InputTurn } from "#core/input-turn.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("reads of one turn have 5 ms together, from the first; the next turn has its own", async () => {
  const turn = new InputTurn();
  expect([100, 102, 104.9, 105, 110].map((nowMs) => turn.isOver(nowMs))).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
  await nextTurn();
  expect([110, 114, 115].map((nowMs) => turn.isOver(nowMs))).toEqual([false, false, true]);
});
