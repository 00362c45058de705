/** Decodes and resizes images with libvips; imported only when there is an image. */

import sharp, { type Metadata, type Sharp } from "sharp";
import { fault } from "#errors/fault.ts";
import { foreignFormat } from "./foreign-format.ts";
import { type Placement, placeImage, type Size } from "./image-frame.ts";
import { structureProblem } from "./image-structure.ts";
import type { ImageInput } from "./model-spec.ts";
import type { Pixels } from "./pixels.ts";

/** Most pixels of an image that is decoded row by row, in little memory. */
export const imagePixelsMax = 64_000_000;

/** Most pixels of a side, as JPEG has them. Beyond that the library refuses to make images small, and complains on stderr. */
export const imageSideMax = 65_535;

/** Most bytes of an image's pixels as they are decoded: 64 megapixels of four channels with 16 bits. */
export const imageBytesMax = 8 * imagePixelsMax;

/** Most pixels of an image that is in memory as a whole while it is decoded: at most 8 bytes each. */
export const wholeImagePixelsMax = 24_000_000;

/** Most pixels of an AVIF image, whose decoder takes 18 bytes for each. */
const avifPixelsMax = 16_000_000;

/** Formats whose rows come one after the other, unless the image is interlaced or progressive. */
const rowFormats: ReadonlySet<string> = new Set(["jpeg", "png", "tiff"]);

/**
 * Beyond so many pixels JPEG and WebP are decoded at a fraction of their size, which takes a fraction
 * of time and memory. Smaller images are resized from all of their pixels.
 */
const scaledFromPixels = 4_000_000;
/** Bytes of a sample by what the library calls its kind. */
const depthBytes: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  uint: 4,
  int: 4,
  float: 4,
};

/** What any other would take at most. */
const depthBytesMax = 16;

const formats = "JPEG, PNG, WebP, GIF, TIFF or AVIF";

// One thread an image: many images at once keep the cores busy, and inference needs some too.
sharp.concurrency(1);
sharp.cache(false);
// What the library could read beyond these (SVG, PDF, raw dumps) is never offered to a stranger.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Jpeg", "Png", "Webp", "Nsgif", "Tiff", "Heif"].map(
    (name) => `VipsForeignLoad${name}`,
  ),
});

/** Pixels at the size that the input needs, and where they belong in it. Throws IMAGE_INVALID. */
export async function decodeImage(
  encoded: Uint8Array,
  input: ImageInput,
): Promise<{ readonly pixels: Pixels; readonly placement: Placement }> {
  if (encoded.byteLength === 0) throw imageFault("the image is empty");
  const problem = await structureProblem(encoded);
  // A photo of a format that is not read is told so, whatever its structure.
  if (problem !== undefined) throw imageFault(foreignProblem(encoded) ?? problem);
  // The limit is checked below, so that the message can name it.
  const image = sharp(encoded, { failOn: "error", limitInputPixels: false });
  const size = await uprightSize(image, encoded);
  const placement = placeImage(size, input);
  const resized = cropped(image.autoOrient(), size, placement)
    .resize({ ...placement.resized, fit: "fill" })
    .flatten({ background: "#fff" })
    .toColourspace("srgb")
    .raw();
  try {
    return { pixels: { ...placement.resized, rgb: await resized.toBuffer() }, placement };
  } catch (error) {
    throw imageFault("the image is truncated or damaged", error);
  }
}

/** The name of a format that is not read, and those that are; undefined for any other image. */
function foreignProblem(encoded: Uint8Array): string | undefined {
  const foreign = foreignFormat(encoded);
  return foreign && `${foreign} images are not read, send ${formats}`;
}

/** The part of the image that is used. What is cut out cannot be decoded at a fraction of its size. */
function cropped(image: Sharp, size: Size, { crop }: Placement): Sharp {
  const isWhole = crop.width === size.width && crop.height === size.height;
  return isWhole && size.width * size.height > scaledFromPixels ? image : image.extract(crop);
}

async function uprightSize(image: Sharp, encoded: Uint8Array): Promise<Size> {
  let metadata: Metadata;
  try {
    metadata = await image.metadata();
  } catch (error) {
    throw imageFault(foreignProblem(encoded) ?? `not a readable ${formats} image`, error);
  }
  const { format, isProgressive = false, autoOrient, channels, depth } = metadata;
  const { width, height } = autoOrient;
  const byRow = rowFormats.has(format) && !isProgressive;
  const wholeMax = format === "heif" ? avifPixelsMax : wholeImagePixelsMax;
  const pixelsMax = byRow ? imagePixelsMax : wholeMax;
  if (width * height > pixelsMax) {
    const kind = isProgressive ? "an interlaced image" : `a ${format} image`;
    throw imageFault(
      `the image has ${width} × ${height} pixels; the limit of ${kind} is ${pixelsMax / 1e6} megapixels`,
    );
  }
  if (Math.max(width, height) > imageSideMax) {
    throw imageFault(
      `the image has ${width} × ${height} pixels; the limit of a side is ${imageSideMax}`,
    );
  }
  if (width * height * channels * (depthBytes[depth] ?? depthBytesMax) > imageBytesMax) {
    throw imageFault(
      `the image has ${width} × ${height} pixels of ${channels} channels in ${depth}; the limit is ${imageBytesMax / 1e6} MB`,
    );
  }
  return autoOrient;
}

function imageFault(description: string, cause?: unknown) {
  return fault("IMAGE_INVALID", `file: ${description}`, {
    fields: [{ field: "file", description }],
    cause,
  });
}
