/** Synthetic scenes: a few handwritten digits of varied size on an untidy ground, and where they are. */

import type { Rng } from "#core/rng.ts";
import { overlap } from "#inference/detection.ts";
import type { Box } from "#inference/image-frame.ts";
import { type Sample, sampleSide } from "./data.ts";
import { normal } from "./parameter.ts";
import { drawInk, emptyPicture, type Picture, restroke } from "./picture.ts";

/** Width and height of a scene in pixels. */
export const sceneSide = 96;

/** A digit in a scene. */
export interface PlacedDigit {
  readonly label: number;
  /** The smallest box around its ink, in pixels of the scene. */
  readonly box: Box;
}

/** A picture and the digits in it. */
export interface Scene {
  readonly picture: Picture;
  readonly digits: readonly PlacedDigit[];
}

const digitsMax = 6;
const heightMin = 14;
const heightMax = 40;
/** Ink fainter than this belongs to no box. */
const inkEdge = 0.3;
const placingTries = 12;

/** Draws one to six of the samples, 14 to 40 pixels high, nowhere overlapping much. */
export function drawScene(samples: readonly Sample[], rng: Rng): Scene {
  const picture = emptyPicture(sceneSide, sceneSide);
  const margin = drawnMargin(rng);
  drawGround(picture, rng);
  const digits: PlacedDigit[] = [];
  const wanted = 1 + Math.floor(rng.next() * digitsMax);
  for (let tries = 0; digits.length < wanted && tries < placingTries; tries += 1) {
    const sample = samples[Math.floor(rng.next() * samples.length)];
    if (sample === undefined) break;
    const layer = emptyPicture(sceneSide, sceneSide);
    drawInk(restroke(sample.pixels, 1.4 * rng.next() - 0.7), drawnPose(sample, rng), layer);
    const box = inkBox(layer);
    if (!isInside(box, margin) || digits.some((other) => overlap(other.box, box) > 0.02)) continue;
    layInk(layer, picture, rng);
    digits.push({ label: sample.label, box });
  }
  finish(picture, margin, rng);
  return { picture, digits };
}

/** Black bars left and right, or above and below, as fitting a photo into a square leaves them. */
interface Margin {
  readonly x: number;
  readonly y: number;
}

function drawnMargin(rng: Rng): Margin {
  const bar = Math.floor(rng.next() * 16);
  const kind = rng.next();
  return { x: kind < 0.15 ? bar : 0, y: kind > 0.85 ? bar : 0 };
}

function drawnPose(sample: Sample, rng: Rng) {
  const height = heightMin * (heightMax / heightMin) ** rng.next();
  const ink = inkBox({ width: sampleSide, height: sampleSide, pixels: sample.pixels });
  const scale = height / (ink.yMax - ink.yMin);
  return {
    centreX: rng.next() * sceneSide,
    centreY: rng.next() * sceneSide,
    scaleX: scale * Math.exp(0.1 * normal(rng)),
    scaleY: scale,
    rotation: 0.1 * normal(rng),
    shear: 0.08 * normal(rng),
  };
}

/** The smallest box around what is darker than `inkEdge`; inside out where nothing is. */
function inkBox({ width, height, pixels }: Picture): Box {
  let [xMin, yMin, xMax, yMax] = [width, height, 0, 0];
  for (let at = 0; at < pixels.length; at += 1) {
    if ((pixels[at] ?? 0) < inkEdge) continue;
    const x = at % width;
    const y = Math.floor(at / width);
    xMin = Math.min(xMin, x);
    yMin = Math.min(yMin, y);
    xMax = Math.max(xMax, x + 1);
    yMax = Math.max(yMax, y + 1);
  }
  return { xMin, yMin, xMax, yMax };
}

/** Whether the box keeps a pixel's distance from the edges, so that no ink was cut off there. */
function isInside({ xMin, yMin, xMax, yMax }: Box, margin: Margin): boolean {
  const far = sceneSide - 1;
  // Strokes too thin to reach the ink's edge anywhere leave a box inside out.
  if (xMin >= xMax) return false;
  return xMin > margin.x && yMin > margin.y && xMax < far - margin.x && yMax < far - margin.y;
}

/** A grey level with a slope of light over it, crossed by up to three faint lines. */
function drawGround({ width, height, pixels }: Picture, rng: Rng): void {
  const level = 0.4 * rng.next() ** 2;
  const slopeX = (0.3 * (rng.next() - 0.5)) / width;
  const slopeY = (0.3 * (rng.next() - 0.5)) / height;
  for (let at = 0; at < pixels.length; at += 1) {
    const x = (at % width) - width / 2;
    const y = Math.floor(at / width) - height / 2;
    pixels[at] = Math.max(0, level + slopeX * x + slopeY * y);
  }
  const lines = Math.floor(rng.next() * 4);
  for (let line = 0; line < lines; line += 1) drawLine({ width, height, pixels }, rng);
}

function drawLine({ width, height, pixels }: Picture, rng: Rng): void {
  const angle = Math.PI * rng.next();
  const [normalX, normalY] = [Math.cos(angle), Math.sin(angle)];
  const distance = normalX * width * rng.next() + normalY * height * rng.next();
  const halfWidth = 0.4 + 0.8 * rng.next();
  const strength = 0.3 * rng.next();
  for (let at = 0; at < pixels.length; at += 1) {
    const x = at % width;
    const y = Math.floor(at / width);
    const away = Math.abs(normalX * x + normalY * y - distance);
    const covered = Math.min(1, Math.max(0, halfWidth + 0.5 - away));
    pixels[at] = (pixels[at] ?? 0) + strength * covered;
  }
}

/** Strokes of one strength, stronger than the ground by a third of the range or more. */
function layInk(layer: Picture, into: Picture, rng: Rng): void {
  const contrast = 0.35 + 0.65 * rng.next();
  for (let at = 0; at < layer.pixels.length; at += 1) {
    const ground = into.pixels[at] ?? 0;
    const ink = Math.max(ground, Math.min(1, ground + contrast));
    into.pixels[at] = ground + (layer.pixels[at] ?? 0) * (ink - ground);
  }
}

/** Noise over everything, then the bars. */
function finish({ width, height, pixels }: Picture, margin: Margin, rng: Rng): void {
  const noise = 0.07 * rng.next();
  for (let at = 0; at < pixels.length; at += 1) {
    const x = at % width;
    const y = Math.floor(at / width);
    const level = (pixels[at] ?? 0) + noise * normal(rng);
    const barred = Math.min(x, width - 1 - x) < margin.x || Math.min(y, height - 1 - y) < margin.y;
    pixels[at] = barred ? 0 : Math.min(1, Math.max(0, level));
  }
}
