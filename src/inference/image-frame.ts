/** Where a source image comes to lie in a model's input, and the way back. Pure. */

import type { ImageInput } from "./model-spec.ts";

/** How points of a model's input lie in the upright source image: input = source × scale + offset. */
export interface ImageFrame {
  /** Size of the upright source image in pixels. */
  readonly sourceWidth: number;
  readonly sourceHeight: number;
  readonly scaleX: number;
  readonly scaleY: number;
  /** In pixels of the input; negative where the image was cropped. */
  readonly offsetX: number;
  readonly offsetY: number;
}

/** Width and height in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What is cut from the source, how large it becomes, and where in the input it is put. */
export interface Placement {
  /** Part of the source that is used, in whole source pixels. */
  readonly crop: Size & { readonly left: number; readonly top: number };
  /** Size of that part in the input. */
  readonly resized: Size;
  /** Position of its upper left corner in the input. */
  readonly left: number;
  readonly top: number;
  readonly frame: ImageFrame;
}

/** A rectangle by its edges. */
export interface Box {
  readonly xMin: number;
  readonly yMin: number;
  readonly xMax: number;
  readonly yMax: number;
}

/** Places an image of `source` pixels (upright, at least 1 × 1) in the input that the model takes. */
export function placeImage(
  source: Size,
  input: Pick<ImageInput, "width" | "height" | "fit">,
): Placement {
  const scales = [input.width / source.width, input.height / source.height] as const;
  switch (input.fit) {
    case "stretch":
      return placement(source, input, { crop: source, resized: input });
    case "contain": {
      const scale = Math.min(...scales);
      return placement(source, input, {
        crop: source,
        resized: {
          width: within(source.width * scale, input.width),
          height: within(source.height * scale, input.height),
        },
      });
    }
    case "cover": {
      const scale = Math.max(...scales);
      return placement(source, input, {
        crop: {
          width: within(input.width / scale, source.width),
          height: within(input.height / scale, source.height),
        },
        resized: input,
      });
    }
  }
}

/** A frame for tensors that were never an image: the input is its own source. */
export function inputFrame(input: Size): ImageFrame {
  const { width, height } = input;
  return { sourceWidth: width, sourceHeight: height, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
}

/** A box in input pixels as a box in source pixels, which may reach beyond the source. */
export function boxInSource(box: Box, frame: ImageFrame): Box {
  return {
    xMin: (box.xMin - frame.offsetX) / frame.scaleX,
    yMin: (box.yMin - frame.offsetY) / frame.scaleY,
    xMax: (box.xMax - frame.offsetX) / frame.scaleX,
    yMax: (box.yMax - frame.offsetY) / frame.scaleY,
  };
}

function placement(
  source: Size,
  input: Size,
  sizes: { readonly crop: Size; readonly resized: Size },
): Placement {
  const crop = {
    width: sizes.crop.width,
    height: sizes.crop.height,
    left: (source.width - sizes.crop.width) >> 1,
    top: (source.height - sizes.crop.height) >> 1,
  };
  const { width, height } = sizes.resized;
  const left = (input.width - width) >> 1;
  const top = (input.height - height) >> 1;
  const scaleX = width / crop.width;
  const scaleY = height / crop.height;
  return {
    crop,
    resized: { width, height },
    left,
    top,
    frame: {
      sourceWidth: source.width,
      sourceHeight: source.height,
      scaleX,
      scaleY,
      offsetX: left - crop.left * scaleX,
      offsetY: top - crop.top * scaleY,
    },
  };
}

/** A length in whole pixels, at least 1 and at most `most`. */
function within(length: number, most: number): number {
  return Math.min(most, Math.max(1, Math.round(length)));
}
