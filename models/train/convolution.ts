/** Forward and backward pass of a convolution, one matrix product a sample. */

import { type Backward, type Conv, volumeSize } from "./layers.ts";
import { addProduct, rowMajor, transposed } from "./matmul.ts";
import { gatherPatches, scatterPatches } from "./patches.ts";

/** The layer's output for a batch, as a fresh array. */
export function convForward(layer: Conv, input: Float32Array): Float32Array {
  const { size, inputSize, outputSize, patches, weights } = workspace(layer);
  const output = new Float32Array((input.length / inputSize) * outputSize);
  for (let sample = 0; sample * inputSize < input.length; sample += 1) {
    const image = input.subarray(sample * inputSize, (sample + 1) * inputSize);
    gatherPatches({ image, patches, runs: layer.runs, stride: layer.geometry.stride });
    const offset = sample * outputSize;
    layer.bias.values.forEach((bias, channel) => {
      output.fill(bias, offset + channel * size.columns, offset + (channel + 1) * size.columns);
    });
    const columns = rowMajor(patches, size.columns);
    addProduct(weights, columns, rowMajor(output, size.columns, offset), size);
  }
  return output;
}

/** Adds to the gradients of weights and bias; returns the gradient by the input, fresh. */
export function convBackward(layer: Conv, { input, gradient }: Backward): Float32Array {
  const { size, inputSize, outputSize, patches, weights } = workspace(layer);
  const { rows, inner, columns } = size;
  const { runs, geometry } = layer;
  const inputGradient = new Float32Array(input.length);
  const patchGradient = new Float32Array(patches.length);
  for (let sample = 0; sample * inputSize < input.length; sample += 1) {
    const place = [sample * inputSize, (sample + 1) * inputSize] as const;
    const image = input.subarray(...place);
    gatherPatches({ image, patches, runs, stride: geometry.stride });
    const byOutput = rowMajor(gradient, columns, sample * outputSize);
    const byWeights = rowMajor(layer.weights.gradients, inner);
    addProduct(byOutput, transposed(rowMajor(patches, columns)), byWeights, {
      rows,
      inner: columns,
      columns: inner,
    });
    patchGradient.fill(0);
    addProduct(transposed(weights), byOutput, rowMajor(patchGradient, columns), {
      rows: inner,
      inner: rows,
      columns,
    });
    const imageGradient = inputGradient.subarray(...place);
    scatterPatches({ image: imageGradient, patches: patchGradient, runs, stride: geometry.stride });
  }
  addBiasGradient(layer, gradient);
  return inputGradient;
}

function addBiasGradient({ output, bias }: Conv, gradient: Float32Array): void {
  const area = output.height * output.width;
  for (let from = 0; from < gradient.length; from += area) {
    const channel = (from / area) % output.channels;
    let sum = 0;
    for (let at = from; at < from + area; at += 1) sum += gradient[at] ?? 0;
    bias.gradients[channel] = (bias.gradients[channel] ?? 0) + sum;
  }
}

/** Sizes of [output channels, patch] · [patch, positions], and room for one sample's patches. */
function workspace(layer: Conv) {
  const { input, output, geometry } = layer;
  const inner = input.channels * geometry.kernel * geometry.kernel;
  const size = { rows: output.channels, inner, columns: output.height * output.width };
  return {
    size,
    inputSize: volumeSize(input),
    outputSize: volumeSize(output),
    patches: new Float32Array(inner * size.columns),
    weights: rowMajor(layer.weights.values, inner),
  };
}
