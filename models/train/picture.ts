/** Grey pictures in floats, and the drawing of a digit into one under an affine pose. */

import { sampleSide } from "./data.ts";

/** Row-major levels, usually 0 to 1. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Float32Array;
}

/** How a sample lies in a picture. */
export interface Pose {
  /** Where the middle of the sample comes to lie, in pixels of the picture. */
  readonly centreX: number;
  readonly centreY: number;
  /** Pixels of the picture a pixel of the sample. */
  readonly scaleX: number;
  readonly scaleY: number;
  /** Radians. */
  readonly rotation: number;
  /** Shift to the right a pixel downwards, before the rotation. */
  readonly shear: number;
}

/** A picture of zeros. */
export function emptyPicture(width: number, height: number): Picture {
  return { width, height, pixels: new Float32Array(width * height) };
}

/** Draws 28 by 28 `ink` in the pose; where strokes overlap the stronger one stays. */
export function drawInk(ink: Float32Array, pose: Pose, into: Picture): void {
  const middle = (sampleSide - 1) / 2;
  const cos = Math.cos(pose.rotation);
  const sin = Math.sin(pose.rotation);
  const reach = sampleSide * Math.max(pose.scaleX, pose.scaleY) * (1 + Math.abs(pose.shear));
  const fromY = Math.max(0, Math.floor(pose.centreY - reach));
  const toY = Math.min(into.height - 1, Math.ceil(pose.centreY + reach));
  const fromX = Math.max(0, Math.floor(pose.centreX - reach));
  const toX = Math.min(into.width - 1, Math.ceil(pose.centreX + reach));
  for (let y = fromY; y <= toY; y += 1) {
    for (let x = fromX; x <= toX; x += 1) {
      const dx = x - pose.centreX;
      const dy = y - pose.centreY;
      const down = (cos * dy - sin * dx) / pose.scaleY;
      const right = (cos * dx + sin * dy) / pose.scaleX - pose.shear * down;
      const level = inkAt(ink, right + middle, down + middle);
      const at = y * into.width + x;
      if (level > (into.pixels[at] ?? 0)) into.pixels[at] = level;
    }
  }
}

/** Bilinear level of a sample at a point between its pixels; zero outside. */
function inkAt(ink: Float32Array, x: number, y: number): number {
  if (x <= -1 || y <= -1 || x >= sampleSide || y >= sampleSide) return 0;
  const left = Math.floor(x);
  const top = Math.floor(y);
  const right = x - left;
  const down = y - top;
  return (
    (1 - down) * ((1 - right) * pixel(ink, left, top) + right * pixel(ink, left + 1, top)) +
    down * ((1 - right) * pixel(ink, left, top + 1) + right * pixel(ink, left + 1, top + 1))
  );
}

function pixel(ink: Float32Array, x: number, y: number): number {
  if (x < 0 || y < 0 || x >= sampleSide || y >= sampleSide) return 0;
  return ink[y * sampleSide + x] ?? 0;
}

/**
 * Thicker or thinner strokes: blends each pixel towards the greatest (amount up to 1) or the least
 * (down to -1) of itself and its four neighbours. Returns a fresh 28 by 28 array.
 */
export function restroke(ink: Float32Array, amount: number): Float32Array {
  const choose = amount > 0 ? Math.max : Math.min;
  return ink.map((level, at) => {
    const x = at % sampleSide;
    const y = Math.floor(at / sampleSide);
    const sides = choose(pixel(ink, x - 1, y), pixel(ink, x + 1, y));
    const extreme = choose(level, sides, pixel(ink, x, y - 1), pixel(ink, x, y + 1));
    return level + Math.abs(amount) * (extreme - level);
  });
}
