/** An encoded image becomes a model's input. */

import { optionalPackage } from "#core/optional-package.ts";
import type { Tensor } from "#core/tensor.ts";
import type { ClaimBytes } from "./decode-queue.ts";
import type { ImageFrame } from "./image-frame.ts";
import type { ImageInput } from "./model-spec.ts";
import { pixelsToTensor } from "./pixels.ts";

/** A model's input made from an image. */
export interface PreparedImage {
  /** Batch 1, in the model's datatype and layout; a fresh buffer. */
  readonly tensor: Tensor;
  /** How points of it lie in the upright source image. */
  readonly frame: ImageFrame;
}

/**
 * Decodes off the event loop, turns upright, lays transparency over white, fits and normalises.
 * Throws IMAGE_INVALID, naming field `file`, for anything that is no whole image within limits.
 */
export async function prepareImage(
  encoded: Uint8Array,
  input: ImageInput,
  claim: ClaimBytes,
): Promise<PreparedImage> {
  const { decodeImage } = await openDecoder();
  const { pixels, placement } = await decodeImage(encoded, input, claim);
  return { tensor: pixelsToTensor(pixels, placement, input), frame: placement.frame };
}

/** Loads the decoding library, which takes long enough that only gateways with image models should. */
export function openDecoder(): Promise<typeof import("./image-decoder.ts")> {
  return optionalPackage("sharp", () => import("./image-decoder.ts"));
}
