import { Writable } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createLogOutput } from "#observability/log-output.ts";

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets the lines that wait for others go out. */
async function gathered() {
  vi.advanceTimersByTime(10);
  await turn();
}

/** A stream whose reader takes one write each time that `read` is called. */
function slowReader() {
  const written: string[] = [];
  const waiting: (() => void)[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, taken) {
      written.push(chunk);
      waiting.push(taken);
    },
  });
  return { stream, written, read: () => waiting.shift()?.() };
}

test("lines of ten milliseconds go out in one write, in their order", async () => {
  const { stream, written } = slowReader();
  const output = createLogOutput({ stream, waitingMax: 100, onDropped: () => {} });
  output.write("one\n");
  await turn();
  output.write("two\n");
  vi.advanceTimersByTime(9);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(["one\ntwo\n"]);
});

test("what is enough for a write waits for the end of the turn only", async () => {
  const { stream, written } = slowReader();
  const output = createLogOutput({ stream, waitingMax: 100_000, onDropped: () => {} });
  const line = `${"x".repeat(32 * 1024)}\n`;
  output.write(line);
  output.write("two\n");
  expect(written).toEqual([]);
  await turn();
  expect(written).toEqual([`${line}two\n`]);
  expect(vi.getTimerCount()).toBe(0);
});

test("what waits is bounded; the number of dropped lines is told when the reader reads again", async () => {
  const { stream, written, read } = slowReader();
  const told: number[] = [];
  const output = createLogOutput({
    stream,
    waitingMax: 10,
    onDropped: (lines) => told.push(lines),
  });
  for (let index = 0; index < 5; index += 1) output.write("1234\n");
  await gathered();
  output.write("1234\n");
  await gathered();
  expect([stream.writableLength, written, told]).toEqual([10, ["1234\n1234\n"], []]);
  read();
  await turn();
  expect(told).toEqual([4]);
  output.write("5678\n");
  await gathered();
  expect(written.at(-1)).toBe("5678\n");
});

test("a disk that is full costs the lines that it did not take, counted, and no line after them", async () => {
  let isFull = true;
  const written: string[] = [];
  // As process.stdout is, which outlasts what it fails with, and no other Writable does.
  const stream = {
    writableLength: 0,
    on: () => {},
    write(text: string, done: (error?: Error) => void) {
      if (!isFull) written.push(text);
      done(isFull ? new Error("ENOSPC") : undefined);
    },
  } as unknown as Writable;
  const told: number[] = [];
  const output = createLogOutput({
    stream,
    waitingMax: 1_000,
    onDropped: (lines) => told.push(lines),
  });
  for (const line of ["one\n", "two\n"]) output.write(line);
  await gathered();
  output.write("three\n");
  await gathered();
  expect(told).toEqual([]);
  isFull = false;
  for (const line of ["four\n", "five\n"]) {
    output.write(line);
    await gathered();
  }
  // The first begins a line, as half of one may stand before it.
  expect(written).toEqual(["\nfour\n", "five\n"]);
  expect(told).toEqual([3]);
});

test("a flush sends at once and is done when the reader has everything", async () => {
  const { stream, written, read } = slowReader();
  const output = createLogOutput({ stream, waitingMax: 100, onDropped: () => {} });
  output.write("last\n");
  const done = new Promise<void>((resolve) => output.flush(resolve));
  expect(written).toEqual(["last\n"]);
  read();
  await turn();
  read();
  await done;
});

test("a flush to a reader that stalls comes to an end", async () => {
  const { stream } = slowReader();
  const output = createLogOutput({ stream, waitingMax: 100, onDropped: () => {} });
  output.write("last\n");
  const done = new Promise<void>((resolve) => output.flush(resolve));
  vi.advanceTimersByTime(1_000);
  await done;
});

test("a flush is done once, also when a reader that stalled reads again", async () => {
  const { stream, read } = slowReader();
  const output = createLogOutput({ stream, waitingMax: 100, onDropped: () => {} });
  output.write("last\n");
  let done = 0;
  output.flush(() => {
    done += 1;
  });
  vi.advanceTimersByTime(1_000);
  read();
  await turn();
  read();
  await turn();
  expect(done).toBe(1);
});

test("a reader that has gone costs lines, not the process", async () => {
  const stream = new Writable({
    write: (_chunk, _encoding, taken) => taken(new Error("EPIPE")),
    autoDestroy: false,
  });
  const output = createLogOutput({ stream, waitingMax: 100, onDropped: () => {} });
  output.write("one\n");
  await gathered();
  output.write("two\n");
  await gathered();
  expect(stream.errored).toBeInstanceOf(Error);
});
