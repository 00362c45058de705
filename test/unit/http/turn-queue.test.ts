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

/** A queue whose works take 1.5 ms each, and their names as they are done. */
function slowQueue() {
  let nowMs = 0;
  const queue = new TurnQueue({ nowMs: () => nowMs });
  const done: string[] = [];
  const work = (name: string) => ({
    endTurn() {
      done.push(name);
      nowMs += 1.5;
    },
  });
  return { queue, done, work };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test("works of one turn take 5 ms at most; those left wait behind the next turn's, some of them each time", async () => {
  const { queue, done, work } = slowQueue();
  const names = Array.from({ length: 12 }, (_, index) => `${index}`);
  for (const name of names) queue.add(work(name));
  await turn();
  expect(done.splice(0)).toEqual(names.slice(0, 4));
  queue.add(work("new"));
  await turn();
  expect(done.splice(0)).toEqual(["new", ...names.slice(4, 8)]);
  for (let count = 0; count < 3; count += 1) queue.add(work("new"));
  await turn();
  expect(done.splice(0)).toEqual(["new", "new", "new", ...names.slice(8, 10)]);
  await turn();
  expect(done.splice(0)).toEqual(names.slice(10));
  await turn();
  expect(done).toEqual([]);
});

test("late work is done after all other of its turn, what is added by that included", async () => {
  const { queue, done, work } = slowQueue();
  queue.addLate(work("late"));
  queue.add({ endTurn: () => queue.addLate(work("later")) });
  queue.add(work("first"));
  await turn();
  expect(done).toEqual(["first", "late", "later"]);
});

test("late work that is added by late work is done, behind all that waited already", async () => {
  const { queue, done, work } = slowQueue();
  queue.addLate({ endTurn: () => queue.addLate(work("added")) });
  for (let count = 0; count < 7; count += 1) queue.addLate(work(`${count}`));
  await turn();
  expect(done.splice(0)).toEqual(["0", "1", "2", "3", "4"]);
  queue.add(work("new"));
  await turn();
  expect(done).toEqual(["new", "5", "6", "added"]);
});
