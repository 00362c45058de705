/** What V8 does for speed is for calls, and not for what runs once while a program loads. */

import { setFlagsFromString } from "node:v8";

const whileLoading = ["--semi-space-growth-factor=1", "--no-turbofan", "--no-maglev"];
const fromThenOn = ["--semi-space-growth-factor=2", "--turbofan", "--maglev"];

/**
 * What loading makes lives for long: the space for short-lived objects would grow to 32 MB for it,
 * which an idle process never gives back. And what loading runs hardly runs again: to compile it for
 * speed takes memory, seven megabytes of the compilers' own code among it. V8 reads these flags each
 * time. Both compilers wait: what Maglev makes while there is no TurboFan never goes on to that.
 * Returns what gives all of it back, as it should be under load.
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
