/** What a detector found becomes labelled boxes in pixels of the source image, each thing once. Pure. */

import type { Tensor } from "#core/tensor.ts";
import type { FoundBox } from "./box-source.ts";
import { type Box, boxInSource, type ImageFrame, type Size } from "./image-frame.ts";
import type { DetectionMeaning } from "./model-spec.ts";
import { ssdBoxes } from "./ssd-head.ts";
import { objectnessBoxes, yoloBoxes } from "./yolo-head.ts";

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

/** What reads the outputs of a detector: its head, the size of its input, and outputs by name. */
export interface DetectorOutputs {
  readonly meaning: Pick<DetectionMeaning, "head" | "output" | "ssd">;
  readonly input: Size;
  output(name: string): Tensor;
}

/** Labelled boxes from whichever head the model has; otherwise like `detect`. */
export function detectWith(outputs: DetectorOutputs, options: DetectionOptions): Detection[] {
  return labelled(foundBy(outputs, options), options);
}

/**
 * Boxes by falling score from [1, 4 + labels, anchors] (`yoloBoxes`). Those outside the source are
 * dropped. The order of anchors does not matter. Throws TENSOR_INVALID for another shape.
 */
export function detect(output: Tensor, options: DetectionOptions): Detection[] {
  return labelled(yoloBoxes(output, options), options);
}

function labelled(found: readonly FoundBox[], options: DetectionOptions): Detection[] {
  const candidates = candidatesOf(found, options).sort(byScore).slice(0, candidatesMax);
  return suppressOverlaps(candidates, options.iouThreshold, options.topK).map((one) => ({
    ...one,
    box: clamped(one.box, options.frame),
  }));
}

function foundBy(
  { meaning, input, output }: DetectorOutputs,
  options: DetectionOptions,
): FoundBox[] {
  const { head, ssd } = meaning;
  const boxes = output(meaning.output);
  if (ssd !== undefined) {
    const classes = ssd.classes === undefined ? undefined : output(ssd.classes);
    return ssdBoxes({ boxes, scores: output(ssd.scores), classes }, ssd, { ...options, input });
  }
  return head === "yolo_objectness" ? objectnessBoxes(boxes, options) : yoloBoxes(boxes, options);
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

function candidatesOf(found: readonly FoundBox[], options: DetectionOptions): Detection[] {
  const { labels, frame } = options;
  const candidates: Detection[] = [];
  for (const { index, score, box: inInput } of found) {
    const box = boxInSource(inInput, frame);
    if (!isVisible(clamped(box, frame))) continue;
    candidates.push({ label: labels[index] ?? "", index, score, box });
  }
  return candidates;
}

function clamped(box: Box, { sourceWidth, sourceHeight }: ImageFrame): Box {
  return {
    xMin: Math.min(Math.max(box.xMin, 0), sourceWidth),
    yMin: Math.min(Math.max(box.yMin, 0), sourceHeight),
    xMax: Math.min(Math.max(box.xMax, 0), sourceWidth),
    yMax: Math.min(Math.max(box.yMax, 0), sourceHeight),
  };
}
