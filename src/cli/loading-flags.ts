/** What V8 does for speed is for calls, and not for what runs once while a program loads. */

import { setFlagsFromString } from "node:v8";

const whileLoading = ["--semi-space-growth-factor=1", "--max-optimized-bytecode-size=0"];
const fromThenOn = ["--semi-space-growth-factor=2", "--max-optimized-bytecode-size=61440"];

/**
 * What loading makes lives for long: the space for short-lived objects would grow to 32 MB for it,
 * which an idle process never gives back. And what loading runs hardly runs again: to have TurboFan
 * compile it brings five megabytes of that into memory. V8 reads these flags each time. The size is
 * read when a function is due, and no sooner: a flag that turns a compiler off, or that counts calls,
 * would stay in the code and the budgets of all that has run by then. Returns what gives back both,
 * as it should be under load.
 */
export function holdWhileLoading(): () => void {
  whileLoading.forEach(setFlagsFromString);
  return () => fromThenOn.forEach(setFlagsFromString);
}

/**
 * Code whose first objects lived for long has its later ones among the old ones at once (V8's
 * allocation site pretenuring). Here the first objects are those of loading, the later ones those of
 * calls; and one that is old, dead or not, keeps all that it refers to until the next full collection.
 */
export function keepCallsYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
