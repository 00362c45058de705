/** Keeps V8's space for short-lived objects small while the program loads, and lets it grow under load. */

import { setFlagsFromString } from "node:v8";

/**
 * Objects made while loading live long: the space would grow to 32 MB for them, which an idle process
 * never gives back. V8 reads this flag at each collection. Returns a function that lets the space grow
 * again, as it should under load.
 */
export function holdYoungGeneration(): () => void {
  setFlagsFromString("--semi-space-growth-factor=1");
  return () => setFlagsFromString("--semi-space-growth-factor=2");
}

/**
 * Where the first objects of a piece of code lived long, V8 puts its later ones into the old space at
 * once (allocation site pretenuring). Here the first objects come from loading and the later ones from
 * calls: in the old space a dead one keeps everything that it refers to until the next full collection.
 */
export function keepCallsYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
