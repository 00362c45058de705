/** What V8's space for short-lived objects is for: not for what loading makes, but for all that calls make. */

import { setFlagsFromString } from "node:v8";

/**
 * What loading makes lives for long: the space would grow to 32 MB for it, which an idle process
 * never gives back. V8 reads this flag at each collection. Returns what lets the space grow again,
 * as it should under load.
 */
export function holdYoungGeneration(): () => void {
  setFlagsFromString("--semi-space-growth-factor=1");
  return () => setFlagsFromString("--semi-space-growth-factor=2");
}

/**
 * Code whose first objects lived for long has its later ones among the old ones at once (V8's
 * allocation site pretenuring). Here the first objects are those of loading, the later ones those of
 * calls; and one that is old, dead or not, keeps all that it refers to until the next full collection.
 */
export function keepCallsYoung(): void {
  setFlagsFromString("--no-allocation-site-pretenuring");
}
