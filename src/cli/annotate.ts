/** Draws the boxes of a response onto a copy of its image. */

import { mkdir } from "node:fs/promises";
import { join, parse } from "node:path";
import { optionalPackage } from "#core/optional-package.ts";
import type { Detection, PredictResponse } from "#gen/polygate/v1/predict_pb.js";
import { percentText } from "#terminal/figures.ts";

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

/** A box, and above it its label with a halo, which is read on every ground. */
function svgOf({ label, score, box }: Detection, stroke: number): string {
  if (box === undefined) return "";
  const { xMin, yMin, xMax, yMax } = box;
  const size = Math.max(12, stroke * 6);
  const frame = `x="${xMin}" y="${yMin}" width="${xMax - xMin}" height="${yMax - yMin}"`;
  const text = escaped(`${label} ${percentText(score)}`);
  return `<rect ${frame} fill="none" stroke="#e11" stroke-width="${stroke}"/>
<text x="${xMin}" y="${Math.max(size, yMin - stroke * 2)}" font-family="sans-serif" font-size="${size}" fill="#e11" stroke="#fff" stroke-width="${stroke}" paint-order="stroke">${text}</text>`;
}

/** Writes `<name>.png` into `folder`, with every box of the response. */
export async function annotate(
  image: Uint8Array,
  { detections }: PredictResponse,
  folder: string,
  name: string,
): Promise<void> {
  const { default: sharp } = await optionalPackage("sharp", () => import("sharp"));
  // Boxes are those of the image as it is seen, turned by its EXIF note.
  const upright = sharp(image).rotate();
  const { info, data } = await upright.png().toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const stroke = Math.max(1, Math.round(Math.max(width, height) / 300));
  const shapes = detections.map((one) => svgOf(one, stroke)).join("\n");
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${shapes}</svg>`;
  await mkdir(folder, { recursive: true });
  await sharp(data)
    .composite([{ input: Buffer.from(svg) }])
    .toFile(join(folder, `${parse(name).name}.png`));
}
