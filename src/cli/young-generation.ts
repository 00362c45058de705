/** Holds V8's space for short-lived objects down while the program loads. */

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
