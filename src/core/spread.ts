/** A time that differs a little from one to the next, so that what began together does not end together. */

import type { Rng } from "./rng.ts";

const share = 0.1;

/** `ms`, up to a tenth more or less. */
export function spread(ms: number, rng: Rng): number {
  return ms * (1 + share * (2 * rng.next() - 1));
}
