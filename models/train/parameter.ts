/** Weights with their gradients, and the numbers they start from. */

import type { Rng } from "#core/rng.ts";

/** Trainable numbers and, of the same length, the loss's gradient by each, summed until a step is taken. */
export interface Parameter {
  readonly values: Float32Array;
  readonly gradients: Float32Array;
}

/** `size` numbers, each drawn from `initial`, or zero. */
export function createParameter(size: number, initial: () => number = () => 0): Parameter {
  return {
    values: Float32Array.from({ length: size }, initial),
    gradients: new Float32Array(size),
  };
}

/** A number of the standard normal distribution (Box–Muller; consumes two of the source). */
export function normal(rng: Rng): number {
  const radius = Math.sqrt(-2 * Math.log(1 - rng.next()));
  return radius * Math.cos(2 * Math.PI * rng.next());
}
