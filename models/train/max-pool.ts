/** Forward and backward pass of two-by-two max pooling. */

import type { Backward, MaxPool } from "./layers.ts";

/** The greatest of each block, as a fresh array. */
export function maxPoolForward(layer: MaxPool, input: Float32Array): Float32Array {
  const output = new Float32Array(input.length / 4);
  for (let at = 0; at < output.length; at += 1) output[at] = input[greatest(layer, input, at)] ?? 0;
  return output;
}

/** The gradient goes to the element that was the greatest, the first one of equals. */
export function maxPoolBackward(layer: MaxPool, { input, gradient }: Backward): Float32Array {
  const inputGradient = new Float32Array(input.length);
  for (let at = 0; at < gradient.length; at += 1) {
    inputGradient[greatest(layer, input, at)] = gradient[at] ?? 0;
  }
  return inputGradient;
}

/** Index of the greatest input element of the block that output element `at` stands for. */
function greatest({ input: { width }, output }: MaxPool, input: Float32Array, at: number): number {
  const first = 2 * (at % output.width) + 2 * width * Math.floor(at / output.width);
  let best = first;
  if ((input[first + 1] ?? 0) > (input[best] ?? 0)) best = first + 1;
  if ((input[first + width] ?? 0) > (input[best] ?? 0)) best = first + width;
  if ((input[first + width + 1] ?? 0) > (input[best] ?? 0)) best = first + width + 1;
  return best;
}
