/** The head of a YOLO detector becomes labelled boxes in pixels of the source image. Pure. */

import type { Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { type Box, boxInSource, type ImageFrame } from "./image-frame.ts";
import { float32Elements } from "./tensor-view.ts";

/** Candidates that enter suppression, best first: bounds its quadratic cost. */
export const candidatesMax = 3000;

/** A labelled box. */
export interface Detection {
  readonly label: string;
  /** Position in the model's list of labels. */
  readonly index: number;
  /** 0 to 1. */
  readonly score: number;
  /** In pixels of the upright source image, within its edges. */
  readonly box: Box;
}

/** How a detector's output is read. */
export interface DetectionOptions {
  readonly labels: readonly string[];
  /** Least score, 0 to 1. */
  readonly scoreThreshold: number;
  /** Boxes of one label that overlap more than this count as one; the better score stays. */
  readonly iouThreshold: number;
  /** Greatest number of boxes in the response, at least 1. */
  readonly topK: number;
  readonly frame: ImageFrame;
}

/**
 * Boxes by falling score from [1, 4 + labels, anchors]: centre x, centre y, width and height in
 * input pixels, then a score a label. An anchor counts for its best label. Boxes outside the source
 * are dropped. The order of anchors does not matter. Throws TENSOR_INVALID for another shape.
 */
export function detect(output: Tensor, options: DetectionOptions): Detection[] {
  const candidates = candidatesOf(output, options).sort(byScore).slice(0, candidatesMax);
  return suppressOverlaps(candidates, options.iouThreshold, options.topK).map((found) => ({
    ...found,
    box: clamped(found.box, options.frame),
  }));
}

/**
 * Of `sorted`, best first, keeps each box unless a kept one of its label overlaps it by more than
 * `iouThreshold`; stops at `keepMax`.
 */
export function suppressOverlaps(
  sorted: readonly Detection[],
  iouThreshold: number,
  keepMax: number,
): Detection[] {
  const kept: Detection[] = [];
  for (const next of sorted) {
    if (kept.length === keepMax) break;
    const rival = kept.some(
      ({ index, box }) => index === next.index && overlap(box, next.box) > iouThreshold,
    );
    if (!rival) kept.push(next);
  }
  return kept;
}

/** Intersection over union of two boxes, 0 to 1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.xMax, b.xMax) - Math.max(a.xMin, b.xMin);
  const height = Math.min(a.yMax, b.yMax) - Math.max(a.yMin, b.yMin);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (area(a) + area(b) - shared);
}

function area(box: Box): number {
  return (box.xMax - box.xMin) * (box.yMax - box.yMin);
}

/** False, too, when an edge is not a number. */
function isVisible(box: Box): boolean {
  return box.xMax > box.xMin && box.yMax > box.yMin;
}

/** Ties are broken by content, so that the order of anchors decides nothing. */
function byScore(a: Detection, b: Detection): number {
  return (
    b.score - a.score ||
    a.index - b.index ||
    a.box.xMin - b.box.xMin ||
    a.box.yMin - b.box.yMin ||
    a.box.xMax - b.box.xMax ||
    a.box.yMax - b.box.yMax
  );
}

function candidatesOf(output: Tensor, options: DetectionOptions): Detection[] {
  const { labels, frame } = options;
  const [batch, rows, anchors = 0] = output.shape;
  if (output.shape.length !== 3 || batch !== 1 || rows !== 4 + labels.length) {
    throw fault(
      "TENSOR_INVALID",
      `boxes are read from [1, ${4 + labels.length}, anchors], not from [${output.shape.join(", ")}]: send a batch of 1`,
    );
  }
  const head = float32Elements(output);
  const at = (row: number, anchor: number) => head[row * anchors + anchor] ?? 0;
  const best = bestLabels(head.subarray(4 * anchors), labels.length, anchors);
  const candidates: Detection[] = [];
  for (const [anchor, index] of best.entries()) {
    const score = at(4 + index, anchor);
    if (!(score >= options.scoreThreshold)) continue;
    const [x, y, width, height] = [at(0, anchor), at(1, anchor), at(2, anchor), at(3, anchor)];
    const inInput = {
      xMin: x - width / 2,
      yMin: y - height / 2,
      xMax: x + width / 2,
      yMax: y + height / 2,
    };
    const box = boxInSource(inInput, frame);
    if (!isVisible(clamped(box, frame))) continue;
    candidates.push({ label: labels[index] ?? "", index, score, box });
  }
  return candidates;
}

/** The label with the best score of each anchor; `scores` is row-major [labels, anchors]. */
function bestLabels(scores: Float32Array, labels: number, anchors: number): Uint32Array {
  const best = new Uint32Array(anchors);
  const bestScores = scores.slice(0, anchors);
  for (let label = 1; label < labels; label++) {
    for (let anchor = 0; anchor < anchors; anchor++) {
      const score = scores[label * anchors + anchor] ?? 0;
      if (score > (bestScores[anchor] ?? 0)) {
        bestScores[anchor] = score;
        best[anchor] = label;
      }
    }
  }
  return best;
}

function clamped(box: Box, { sourceWidth, sourceHeight }: ImageFrame): Box {
  return {
    xMin: Math.min(Math.max(box.xMin, 0), sourceWidth),
    yMin: Math.min(Math.max(box.yMin, 0), sourceHeight),
    xMax: Math.min(Math.max(box.xMax, 0), sourceWidth),
    yMax: Math.min(Math.max(box.yMax, 0), sourceHeight),
  };
}
