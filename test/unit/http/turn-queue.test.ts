import { expect, test } from "vitest";
import { TurnQueue } from "#http/turn-queue.ts";

test("work of a turn is done at its end, in order; what is added then waits for the next", async () => {
  const queue = new TurnQueue();
  const done: string[] = [];
  const work = (name: string, next?: () => void) => ({
    endTurn() {
      done.push(name);
      next?.();
    },
  });
  queue.add(work("a", () => queue.add(work("c"))));
  queue.add(work("b"));
  expect(done).toEqual([]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(["a", "b"]);
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(["a", "b", "c"]);
});
