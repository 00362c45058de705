/** Sets V8 to a program that first loads and then serves: for the memory of the one, and the objects of the other. */

import { availableParallelism } from "node:os";
import { setFlagsFromString } from "node:v8";

/** More calls than any function has while the program loads, and V8's own figure. */
const neverCalls = 2 ** 31 - 1;
const usualCalls = 2;

const whileLoading = [
  "--semi-space-growth-factor=1",
  `--minimum-invocations-before-optimization=${neverCalls}`,
];
const fromThenOn = [
  "--semi-space-growth-factor=2",
  `--minimum-invocations-before-optimization=${usualCalls}`,
];

/**
 * Objects made while loading live long: the space for short-lived ones would grow to 32 MB for them,
 * which an idle process never gives back. And code that runs while loading hardly runs again: having
 * TurboFan compile it brings five megabytes of the compiler into memory. V8 reads both flags each time
 * that a function is due, and they leave nothing behind; a loop that goes on is compiled all the same.
 * A flag that turns a compiler off would stay in the code of all that has run until then; so would one
 * that says how many calls make a function due. And of a function that is larger than
 * `--max-optimized-bytecode-size` V8 expects so little that it looks at it again a gigabyte of bytecode
 * later: header values were read by unoptimized code for minutes.
 * Returns a function that ends both restrictions, as it should be under load.
 */
export function holdWhileLoading(): () => void {
  whileLoading.forEach(setFlagsFromString);
  return () => fromThenOn.forEach(setFlagsFromString);
}

/**
 * Where the first objects of a piece of code lived long, V8 puts its later ones into the old space at
 * once (allocation site pretenuring). Here the first objects come from loading and the later ones from
 * calls: in the old space a dead one keeps everything that it refers to until the next full collection.
 */
export function keepCallsYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}

/**
 * V8 collects the objects of calls with several threads. Where the process has one core they only take
 * turns with the thread that they help: 3 of 39 µs of a call to a core went into that.
 */
export function collectAlone(cores = availableParallelism(), set = setFlagsFromString): void {
  if (cores === 1) set("--no-parallel-scavenge");
}
