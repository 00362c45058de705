/** Decodes and resizes images with libvips; imported only when there is an image. */

import sharp, { type Metadata, type Sharp } from "sharp";
import { fault } from "#errors/fault.ts";
import type { ClaimBytes } from "./decode-queue.ts";
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

/** The same of an image that is in memory as a whole. */
const wholeImageBytesMax = 150_000_000;

/** Most pixels of an image that is in memory as a whole while it is decoded. */
export const wholeImagePixelsMax = 24_000_000;

/** Bytes that a pixel of it takes, measured, where a sample has 8 bits. */
const wholePixelBytes = 8;

/** Most pixels of an AVIF image: 4K. */
const avifPixelsMax = 8_400_000;

/** Bytes that its decoder takes for a pixel, measured. */
const avifPixelBytes = 18;

/** Bytes for a pixel of an image that is decoded row by row: measured 0.1 to 1.2. */
const rowPixelBytes = 1.2;

/**
 * Formats whose rows come one after the other, unless the image is interlaced or progressive. Those
 * of a TIFF may all be in one tile or strip.
 */
const rowFormats: ReadonlySet<string> = new Set(["jpeg", "png"]);

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

/**
 * Pixels at the size that the input needs, and where they belong in it. Claims the memory that the
 * decoding takes before it begins. Throws IMAGE_INVALID.
 */
export async function decodeImage(
  encoded: Uint8Array,
  input: ImageInput,
  claim: ClaimBytes,
): Promise<{ readonly pixels: Pixels; readonly placement: Placement }> {
  if (encoded.byteLength === 0) throw imageFault("the image is empty");
  const problem = await structureProblem(encoded);
  // A photo of a format that is not read is reported so, whatever its structure.
  if (problem !== undefined) throw imageFault(foreignProblem(encoded) ?? problem);
  // The limit is checked below, so that the message can name it.
  const image = sharp(encoded, { failOn: "error", limitInputPixels: false });
  const { size, decodingBytes } = await inspect(image, encoded);
  await claim(decodingBytes);
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

/** The upright size, and the memory that decoding takes. Throws IMAGE_INVALID for what is too large. */
async function inspect(
  image: Sharp,
  encoded: Uint8Array,
): Promise<{ readonly size: Size; readonly decodingBytes: number }> {
  let metadata: Metadata;
  try {
    metadata = await image.metadata();
  } catch (error) {
    throw imageFault(foreignProblem(encoded) ?? `not a readable ${formats} image`, error);
  }
  const { format, isProgressive = false, autoOrient, channels, depth } = metadata;
  const { width, height } = autoOrient;
  const byRow = rowFormats.has(format) && !isProgressive;
  const isAvif = format === "heif";
  const wholeMax = isAvif ? avifPixelsMax : wholeImagePixelsMax;
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
  const bytes = width * height * channels * (depthBytes[depth] ?? depthBytesMax);
  const bytesMax = byRow ? imageBytesMax : wholeImageBytesMax;
  if (bytes > bytesMax) {
    throw imageFault(
      `the image has ${width} × ${height} pixels of ${channels} channels in ${depth}; the limit is ${bytesMax / 1e6} MB`,
    );
  }
  const pixels = width * height;
  const wholeBytes = Math.max(bytes, pixels * (isAvif ? avifPixelBytes : wholePixelBytes));
  return { size: autoOrient, decodingBytes: byRow ? pixels * rowPixelBytes : wholeBytes };
}

function imageFault(description: string, cause?: unknown) {
  return fault("IMAGE_INVALID", `file: ${description}`, {
    fields: [{ field: "file", description }],
    cause,
  });
}
