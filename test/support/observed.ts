/** What a call showed, as a lease is settled with it. */

import type { Observation } from "#pool/model-stats.ts";

/** A call for `model` that took `elapsedMs`. */
export function observed(
  model: string,
  elapsedMs: number,
  more: Partial<Observation> = {},
): Observation {
  return { model, elapsedMs, firstMs: undefined, tokens: 0, cost: 0, ...more };
}
