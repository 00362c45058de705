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

test("work that throws is a bug that is told, and the others have their turn all the same", async () => {
  const queue = new TurnQueue();
  const done: string[] = [];
  const told: unknown[] = [];
  const listeners = process.listeners("uncaughtException");
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (thrown) => told.push(thrown.message));
  const again = { endTurn: () => done.push("again") };
  queue.add({
    endTurn() {
      queue.add(again);
      throw new Error("broken");
    },
  });
  queue.add({ endTurn: () => done.push("behind") });
  await new Promise((resolve) => setImmediate(resolve));
  expect(done).toEqual(["behind"]);
  await new Promise((resolve) => setImmediate(resolve));
  process.removeAllListeners("uncaughtException");
  for (const listener of listeners) process.on("uncaughtException", listener);
  expect([done, told]).toEqual([["behind", "again"], ["broken"]]);
});
