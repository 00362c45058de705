/** The layers that the models are made of: plain data, with their shapes and starting weights. */

import type { Rng } from "#core/rng.ts";
import { createParameter, normal, type Parameter } from "./parameter.ts";
import { type PatchGeometry, patchRuns } from "./patches.ts";

/** Shape of one sample between two layers; batches are row-major [batch, channels, height, width]. */
export interface Volume {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

interface Shapes {
  readonly input: Volume;
  readonly output: Volume;
}

/** Square kernels, slid over the zero-padded input. */
export interface Conv extends Shapes {
  readonly kind: "conv";
  readonly geometry: PatchGeometry;
  /** What `patchRuns` made of the geometry. */
  readonly runs: Int32Array;
  /** [output channels, input channels * kernel * kernel]. */
  readonly weights: Parameter;
  readonly bias: Parameter;
}

/** Every output is a weighted sum of every input. */
export interface Dense extends Shapes {
  readonly kind: "dense";
  /** [outputs, inputs]. */
  readonly weights: Parameter;
  readonly bias: Parameter;
}

/** The greatest of each two by two block. Height and width of the input are even. */
export interface MaxPool extends Shapes {
  readonly kind: "max-pool";
}

/** What is below zero becomes zero. */
export interface Relu extends Shapes {
  readonly kind: "relu";
}

/** A layer. */
export type Layer = Conv | Dense | MaxPool | Relu;

/** Number of elements of one sample. */
export function volumeSize({ channels, height, width }: Volume): number {
  return channels * height * width;
}

/** A convolution with He initialisation. */
export function conv(
  input: Volume,
  shape: { channels: number; kernel: number; stride: number; padding: number },
  rng: Rng,
): Conv {
  const { channels, kernel, stride, padding } = shape;
  const along = (length: number) => Math.floor((length + 2 * padding - kernel) / stride) + 1;
  const output = { channels, height: along(input.height), width: along(input.width) };
  const geometry = { input, output, kernel, stride, padding };
  const fanIn = input.channels * kernel * kernel;
  const weights = createParameter(channels * fanIn, () => normal(rng) * Math.sqrt(2 / fanIn));
  const bias = createParameter(channels);
  return { kind: "conv", input, output, geometry, runs: patchRuns(geometry), weights, bias };
}

/** A dense layer with He initialisation. */
export function dense(input: Volume, outputs: number, rng: Rng): Dense {
  const fanIn = volumeSize(input);
  const weights = createParameter(outputs * fanIn, () => normal(rng) * Math.sqrt(2 / fanIn));
  const output = { channels: outputs, height: 1, width: 1 };
  return { kind: "dense", input, output, weights, bias: createParameter(outputs) };
}

/** Halves height and width. */
export function maxPool(input: Volume): MaxPool {
  const { channels, height, width } = input;
  return { kind: "max-pool", input, output: { channels, height: height / 2, width: width / 2 } };
}

/** A rectifier. */
export function relu(input: Volume): Relu {
  return { kind: "relu", input, output: input };
}

/** What a backward pass starts from: the batch that went in, and the loss's gradient by what came out. */
export interface Backward {
  readonly input: Float32Array;
  readonly gradient: Float32Array;
}
