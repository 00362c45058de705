/**
 * Counts what a server does, from inside of it: loaded ahead of its program by `--import`, it answers each
 * message of the process that started it with its counts since the start, those of writing the log left out. Numbers of system calls are
 * those of Linux. Promises and timers are counted once `{ hooks: true }` has come: from then on they cost.
 */

import { createHook } from "node:async_hooks";
import { readFileSync } from "node:fs";
import { getHeapStatistics, promiseHooks } from "node:v8";
import type { Counts } from "./support/call-budgets.ts";

let promises = 0;
let timers = 0;
let immediates = 0;
let isHooked = false;
let flushes = 0;
let flushesBefore = 0;

// Lines of the log are gathered for some milliseconds, by one timer and into one write: how many calls
// share them is a matter of time, which is not counted.
const { stdout } = process;
const write = stdout.write;
stdout.write = function counted(this: typeof stdout, ...args: Parameters<typeof write>) {
  flushes += 1;
  return Reflect.apply(write, this, args);
} as typeof write;

function hook(): void {
  if (isHooked) return;
  isHooked = true;
  flushesBefore = flushes;
  promiseHooks.onInit(() => {
    promises += 1;
  });
  createHook({
    init(_id, type) {
      if (type === "Timeout") timers += 1;
      if (type === "Immediate") immediates += 1;
    },
  }).enable();
}

function counts(): Counts {
  const io = readFileSync("/proc/self/io", "utf8");
  const { total_allocated_bytes: bytes } = getHeapStatistics();
  return {
    bytes,
    promises,
    timers: Math.max(0, timers - (isHooked ? flushes - flushesBefore : 0)),
    immediates,
    reads: Number(/syscr: (\d+)/.exec(io)?.[1]),
    writes: Number(/syscw: (\d+)/.exec(io)?.[1]) - flushes,
  };
}

process.on("message", (message: { readonly hooks: boolean }) => {
  if (message.hooks) hook();
  process.send?.(counts());
});
