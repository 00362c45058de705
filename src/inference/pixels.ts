/** Pixels become a model's input: grey, inversion, padding, normalisation, layout. Pure. */

import type { Tensor } from "#core/tensor.ts";
import type { Placement, Size } from "./image-frame.ts";
import type { ImageInput } from "./model-spec.ts";
import { bytesFromNumbers } from "./tensor-view.ts";

/** Row-major 8-bit RGB, three bytes a pixel. */
export interface Pixels extends Size {
  readonly rgb: Uint8Array;
}

/** Grey level of a pixel as print and broadcast weigh it (Rec. 601), 0 to 255. */
function luma(rgb: Uint8Array, at: number): number {
  return (299 * (rgb[at] ?? 0) + 587 * (rgb[at + 1] ?? 0) + 114 * (rgb[at + 2] ?? 0) + 500) / 1000;
}

/** Whether most of the outermost ring of pixels is lighter than middle grey. */
export function hasLightBackground({ rgb, width, height }: Pixels): boolean {
  let light = 0;
  let ring = 0;
  for (let y = 0; y < height; y++) {
    const step = y === 0 || y === height - 1 ? 1 : Math.max(1, width - 1);
    for (let x = 0; x < width; x += step) {
      ring += 1;
      if (luma(rgb, (y * width + x) * 3) >= 128) light += 1;
    }
  }
  return light * 2 > ring;
}

/** Positions within an RGB triple, per output channel; grey is weighed from all three. */
const channelOrder = { rgb: [0, 1, 2], bgr: [2, 1, 0], gray: [0] } as const;

/** Number of channels that the model takes. */
export function channelCount(color: ImageInput["color"]): number {
  return channelOrder[color].length;
}

/** Shape of the tensor that an image becomes, batch 1 first. */
export function imageShape({ width, height, color, layout }: ImageInput): readonly number[] {
  const channels = channelCount(color);
  return layout === "NCHW" ? [1, channels, height, width] : [1, height, width, channels];
}

/** Pixels of the placement's resized size as a fresh tensor of `imageShape`. */
export function pixelsToTensor(pixels: Pixels, placement: Placement, input: ImageInput): Tensor {
  const channels = channelCount(input.color);
  const size = input.width * input.height;
  const [channelStride, pixelStride] = input.layout === "NCHW" ? [size, 1] : [1, channels];
  const inverted = input.invert === "auto" && hasLightBackground(pixels);
  const elements = new Float32Array(size * channels);
  for (let channel = 0; channel < channels; channel++) {
    const levels = levelsOf(pixels, channelOrder[input.color], channel);
    const plane = padded(inverted ? levels.map((level) => 255 - level) : levels, placement, input);
    const table = normalised(input, channel);
    for (let pixel = 0; pixel < size; pixel++) {
      elements[channel * channelStride + pixel * pixelStride] = table[plane[pixel] ?? 0] ?? 0;
    }
  }
  const { datatype } = input;
  const bytes =
    datatype === "FP32" ? new Uint8Array(elements.buffer) : bytesFromNumbers(datatype, elements);
  return { datatype, shape: imageShape(input), bytes };
}

/** One channel of the pixels, 0 to 255; the only channel of an order of one is grey. */
function levelsOf({ rgb, width, height }: Pixels, order: readonly number[], channel: number) {
  const position = order[channel] ?? 0;
  const grey = order.length === 1;
  const levels = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < levels.length; pixel++, at += 3) {
    levels[pixel] = grey ? luma(rgb, at) : (rgb[at + position] ?? 0);
  }
  return levels;
}

/** The levels at their place in a plane of the input's size, the rest filled with its padding. */
function padded(levels: Uint8Array, { resized, left, top }: Placement, input: ImageInput) {
  const plane = new Uint8Array(input.width * input.height).fill(input.pad);
  for (let y = 0; y < resized.height; y++) {
    const row = levels.subarray(y * resized.width, (y + 1) * resized.width);
    plane.set(row, (top + y) * input.width + left);
  }
  return plane;
}

/** The element that each level of one channel becomes. */
function normalised({ datatype, mean, std }: ImageInput, channel: number): Float32Array {
  if (datatype === "UINT8") return Float32Array.from({ length: 256 }, (_, level) => level);
  const centre = mean[channel] ?? 0;
  const spread = std[channel] ?? 1;
  return Float32Array.from({ length: 256 }, (_, level) => (level / 255 - centre) / spread);
}
