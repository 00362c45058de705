import { expect, test } from "vitest";
import { InputTurn } from "#core/input-turn.ts";

const nextTurn = () => new Promise((resolve) => setImmediate(resolve));

test("reads of one turn have 20 ms together, from the first; the next turn has its own", async () => {
  const turn = new InputTurn();
  expect([100, 110, 119.9, 120, 130].map((nowMs) => turn.isOver(nowMs))).toEqual([
    false,
    false,
    false,
    true,
    true,
  ]);
  await nextTurn();
  expect([130, 149, 150].map((nowMs) => turn.isOver(nowMs))).toEqual([false, false, true]);
});
