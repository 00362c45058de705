/** Forward and backward pass of a rectifier. */

import type { Backward } from "./layers.ts";

/** What is below zero becomes zero, in a fresh array. */
export function reluForward(input: Float32Array): Float32Array {
  const output = new Float32Array(input.length);
  for (let at = 0; at < input.length; at += 1) output[at] = Math.max(0, input[at] ?? 0);
  return output;
}

/** The gradient passes where the input was above zero. */
export function reluBackward({ input, gradient }: Backward): Float32Array {
  const inputGradient = new Float32Array(input.length);
  for (let at = 0; at < input.length; at += 1) {
    if ((input[at] ?? 0) > 0) inputGradient[at] = gradient[at] ?? 0;
  }
  return inputGradient;
}
