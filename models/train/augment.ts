/** Variations of a handwritten digit: what other hands, pens, scanners and cameras would have made of it. */

import type { Rng } from "#core/rng.ts";
import { sampleSide } from "./data.ts";
import { normal } from "./parameter.ts";
import { drawInk, emptyPicture, type Picture, restroke } from "./picture.ts";

/** How strongly samples are varied; each is a standard deviation unless it says otherwise. */
export interface Variation {
  /** Radians. */
  readonly rotation: number;
  /** Of the logarithm of the size. */
  readonly size: number;
  /** Of the logarithm of width over height. */
  readonly aspect: number;
  readonly shear: number;
  /** Pixels, each way. */
  readonly shift: number;
  /** Greatest thickening or thinning, 0 to 1. */
  readonly stroke: number;
  /** Share of samples, 0 to 1, that get a photo's paper, weak contrast, noise and black bars. */
  readonly photos: number;
}

/** A varied copy of 28 by 28 `ink` as a fresh array, levels 0 to 1. */
export function vary(ink: Float32Array, variation: Variation, rng: Rng): Float32Array {
  const size = Math.exp(variation.size * normal(rng));
  const aspect = Math.exp((variation.aspect * normal(rng)) / 2);
  const middle = (sampleSide - 1) / 2;
  const picture = emptyPicture(sampleSide, sampleSide);
  const pose = {
    centreX: middle + variation.shift * normal(rng),
    centreY: middle + variation.shift * normal(rng),
    scaleX: size * aspect,
    scaleY: size / aspect,
    rotation: variation.rotation * normal(rng),
    shear: variation.shear * normal(rng),
  };
  drawInk(restroke(ink, variation.stroke * (2 * rng.next() - 1)), pose, picture);
  if (rng.next() < variation.photos) {
    photograph(picture, rng);
    letterbox(picture, rng);
  }
  return picture.pixels;
}

/** In place: ink fades, paper turns uneven grey with a slope of light across it, noise comes on top. */
function photograph({ width, pixels, height }: Picture, rng: Rng): void {
  const paper = 0.2 * rng.next();
  const ink = 1 - 0.5 * rng.next();
  const noise = 0.06 * rng.next();
  const slopeX = (0.16 * (rng.next() - 0.5)) / width;
  const slopeY = (0.16 * (rng.next() - 0.5)) / height;
  for (let at = 0; at < pixels.length; at += 1) {
    const x = (at % width) - width / 2;
    const y = Math.floor(at / width) - height / 2;
    const ground = paper + slopeX * x + slopeY * y;
    const level = ground + (pixels[at] ?? 0) * (ink - ground) + noise * normal(rng);
    pixels[at] = Math.min(1, Math.max(0, level));
  }
}

/** In place: black bars on two sides, up to an eighth of the side each, as `fit: contain` leaves them. */
function letterbox({ width, pixels, height }: Picture, rng: Rng): void {
  const lying = rng.next() < 0.5;
  const bar = Math.floor((rng.next() * (lying ? height : width)) / 8);
  for (let at = 0; at < pixels.length; at += 1) {
    const along = lying ? Math.floor(at / width) : at % width;
    const side = lying ? height : width;
    if (along < bar || along >= side - bar) pixels[at] = 0;
  }
}
