/** Forward and backward pass of a dense layer, one matrix product a batch. */

import { type Backward, type Dense, volumeSize } from "./layers.ts";
import { addProduct, rowMajor, transposed } from "./matmul.ts";

/** The layer's output for a batch, as a fresh array. */
export function denseForward(layer: Dense, input: Float32Array): Float32Array {
  const inputs = volumeSize(layer.input);
  const outputs = volumeSize(layer.output);
  const batch = input.length / inputs;
  const output = new Float32Array(batch * outputs);
  for (let sample = 0; sample < batch; sample += 1) output.set(layer.bias.values, sample * outputs);
  addProduct(
    rowMajor(input, inputs),
    transposed(rowMajor(layer.weights.values, inputs)),
    rowMajor(output, outputs),
    { rows: batch, inner: inputs, columns: outputs },
  );
  return output;
}

/** Adds to the gradients of weights and bias; returns the gradient by the input, fresh. */
export function denseBackward(layer: Dense, { input, gradient }: Backward): Float32Array {
  const inputs = volumeSize(layer.input);
  const outputs = volumeSize(layer.output);
  const batch = input.length / inputs;
  const byOutput = rowMajor(gradient, outputs);
  addProduct(
    transposed(byOutput),
    rowMajor(input, inputs),
    rowMajor(layer.weights.gradients, inputs),
    { rows: outputs, inner: batch, columns: inputs },
  );
  const bias = layer.bias.gradients;
  gradient.forEach((value, at) => {
    bias[at % outputs] = (bias[at % outputs] ?? 0) + value;
  });
  const inputGradient = new Float32Array(input.length);
  addProduct(byOutput, rowMajor(layer.weights.values, inputs), rowMajor(inputGradient, inputs), {
    rows: batch,
    inner: outputs,
    columns: inputs,
  });
  return inputGradient;
}
