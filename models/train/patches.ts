/** Images to columns and back: what turns a convolution into a matrix product. */

/** Where a square window slides over an image of several channels. */
export interface PatchGeometry {
  readonly input: { readonly channels: number; readonly height: number; readonly width: number };
  readonly output: { readonly height: number; readonly width: number };
  readonly kernel: number;
  readonly stride: number;
  /** Rows and columns of zeros on each side of the input. */
  readonly padding: number;
}

/**
 * Which image elements lie under which elements of the patch matrix [channels * kernel * kernel,
 * output height * width], as triples: first patch element, first image element, count. In a run
 * patch elements are neighbours and image elements `stride` apart; padding is in no run.
 */
export function patchRuns(geometry: PatchGeometry): Int32Array {
  const { input, output, kernel, stride, padding } = geometry;
  const runs: number[] = [];
  for (let row = 0; row < input.channels * kernel * kernel; row += 1) {
    const shiftX = (row % kernel) - padding;
    const shiftY = (Math.floor(row / kernel) % kernel) - padding;
    const channel = Math.floor(row / (kernel * kernel));
    const fromX = Math.max(0, Math.ceil(-shiftX / stride));
    const toX = Math.min(output.width - 1, Math.floor((input.width - 1 - shiftX) / stride));
    for (let y = 0; y < output.height; y += 1) {
      const imageY = y * stride + shiftY;
      if (imageY < 0 || imageY >= input.height || toX < fromX) continue;
      const patchAt = (row * output.height + y) * output.width + fromX;
      const imageAt = (channel * input.height + imageY) * input.width + fromX * stride + shiftX;
      runs.push(patchAt, imageAt, toX - fromX + 1);
    }
  }
  return Int32Array.from(runs);
}

/** One image and the patch matrix of it. */
export interface Patches {
  readonly image: Float32Array;
  readonly patches: Float32Array;
  readonly runs: Int32Array;
  readonly stride: number;
}

/** Copies image elements to their places in the patch matrix; leaves padding as it is. */
export function gatherPatches({ image, patches, runs, stride }: Patches): void {
  for (let run = 0; run < runs.length; run += 3) {
    let to = runs[run] ?? 0;
    let from = runs[run + 1] ?? 0;
    const end = to + (runs[run + 2] ?? 0);
    for (; to < end; to += 1, from += stride) patches[to] = image[from] ?? 0;
  }
}

/** Adds patch elements to the image elements they came from. */
export function scatterPatches({ image, patches, runs, stride }: Patches): void {
  for (let run = 0; run < runs.length; run += 3) {
    let from = runs[run] ?? 0;
    let to = runs[run + 1] ?? 0;
    const end = from + (runs[run + 2] ?? 0);
    for (; from < end; from += 1, to += stride) image[to] = (image[to] ?? 0) + (patches[from] ?? 0);
  }
}
