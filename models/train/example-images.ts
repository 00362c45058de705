/** Pictures as files: plain PNGs, and a digit as a photo of a page. */

import sharp from "sharp";
import type { Rng } from "#core/rng.ts";
import { normal } from "./parameter.ts";
import { drawInk, emptyPicture, type Picture } from "./picture.ts";

/** Writes levels 0 to 1 as an 8-bit grey PNG, each pixel enlarged to `scale` by `scale`. */
export async function writePng(picture: Picture, file: string, scale = 1): Promise<void> {
  const { width, height } = picture;
  await greyImage(picture)
    .resize(width * scale, height * scale, { kernel: "nearest" })
    .png({ compressionLevel: 9 })
    .toFile(file);
}

/** Writes a JPEG of `ink` (28 by 28) drawn large and dark on an unevenly lit, slightly noisy page. */
export async function writePage(ink: Float32Array, file: string, rng: Rng): Promise<void> {
  const page = emptyPicture(560, 420);
  const pose = { centreX: 270, centreY: 215, scaleX: 13, scaleY: 13, rotation: 0.06, shear: 0.05 };
  drawInk(ink, pose, page);
  for (let at = 0; at < page.pixels.length; at += 1) {
    const x = (at % page.width) / page.width;
    const light = 0.93 - 0.1 * x + 0.015 * normal(rng);
    // A pen's edge is sharp; the enlarged sample's is not.
    const covered = Math.min(1, Math.max(0, ((page.pixels[at] ?? 0) - 0.3) / 0.2));
    page.pixels[at] = light - covered * (light - 0.2);
  }
  await greyImage(page).toColourspace("srgb").jpeg({ quality: 85 }).toFile(file);
}

function greyImage({ pixels, width, height }: Picture) {
  const levels = Uint8Array.from(pixels, (level) =>
    Math.round(255 * Math.min(1, Math.max(0, level))),
  );
  return sharp(levels, { raw: { width, height, channels: 1 } }).toColourspace("b-w");
}
