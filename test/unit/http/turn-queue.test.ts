import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { TurnQueue } from "#http/turn-queue.ts";

test("work of a turn is done at its end, in order; what is added then waits for the next", async () => {
  const queue = new TurnQueue(systemClock);
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
  const queue = new TurnQueue(systemClock);
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

test("works of one turn take 20 ms at most; those left wait behind the next turn's, some of them each time", async () => {
  let nowMs = 0;
  const queue = new TurnQueue({ nowMs: () => nowMs });
  const done: string[] = [];
  const add = (name: string) =>
    queue.add({
      endTurn() {
        done.push(name);
        nowMs += 1.5;
      },
    });
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const names = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, index) => `${from + index}`);
  for (const name of names(0, 40)) add(name);
  await turn();
  expect(done.splice(0)).toEqual(names(0, 16));
  add("new");
  await turn();
  expect(done.splice(0)).toEqual(["new", ...names(16, 32)]);
  for (let count = 0; count < 16; count += 1) add("new");
  await turn();
  expect(done.splice(0)).toEqual([...Array(16).fill("new"), ...names(32, 40)]);
  await turn();
  expect(done).toEqual([]);
});
