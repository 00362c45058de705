/** The samples: 10,000 handwritten digits, split by a seed into those trained on and those held out. */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Rng, seededRng } from "#core/rng.ts";

/** Width and height of a sample in pixels. */
export const sampleSide = 28;

/** One handwritten digit. */
export interface Sample {
  /** Row-major levels from 0, paper, to 1, ink; 28 by 28. */
  readonly pixels: Float32Array;
  /** The digit, 0 to 9. */
  readonly label: number;
}

/** Samples in two parts that share none. */
export interface Split {
  readonly training: readonly Sample[];
  /** Never trained on, and never looked at to choose anything. */
  readonly heldOut: readonly Sample[];
}

/** Reads all samples of the `mnist` package, in the order of their labels. */
export function loadSamples(): Sample[] {
  const { resolve } = createRequire(import.meta.url);
  return Array.from({ length: 10 }, (_, label) => {
    const file = readFileSync(resolve(`mnist/src/digits/${label}.json`), "utf8");
    const { data } = JSON.parse(file) as { readonly data: readonly number[] };
    const levels = Float32Array.from(data);
    const size = sampleSide * sampleSide;
    return Array.from({ length: levels.length / size }, (_, index) => ({
      pixels: levels.subarray(index * size, (index + 1) * size),
      label,
    }));
  }).flat();
}

/** Shuffles with the seed and holds the last `heldOut` samples out. */
export function splitSamples(
  samples: readonly Sample[],
  { heldOut, seed }: { readonly heldOut: number; readonly seed: number },
): Split {
  const shuffled = shuffle(samples, seededRng(seed));
  const border = shuffled.length - heldOut;
  return { training: shuffled.slice(0, border), heldOut: shuffled.slice(border) };
}

/** The same items in a random order (Fisher–Yates), as a fresh array. */
export function shuffle<T>(items: readonly T[], rng: Rng): T[] {
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last -= 1) {
    const other = Math.floor(rng.next() * (last + 1));
    const [a, b] = [shuffled[last], shuffled[other]];
    if (a === undefined || b === undefined) continue;
    shuffled[last] = b;
    shuffled[other] = a;
  }
  return shuffled;
}
