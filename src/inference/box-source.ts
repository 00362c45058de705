/** What a detector's head gives before boxes are compared with each other. */

import type { Box } from "./image-frame.ts";

/** A box that a head is sure enough of. */
export interface FoundBox {
  /** Position in the model's list of labels. */
  readonly index: number;
  /** 0 to 1. */
  readonly score: number;
  /** In pixels of the model's input. */
  readonly box: Box;
}

/** What every head needs to know. */
export interface HeadOptions {
  readonly labels: readonly string[];
  /** Least score, 0 to 1. */
  readonly scoreThreshold: number;
}

/** A box by its centre and size. */
export function boxAround(x: number, y: number, width: number, height: number): Box {
  return {
    xMin: x - width / 2,
    yMin: y - height / 2,
    xMax: x + width / 2,
    yMax: y + height / 2,
  };
}
