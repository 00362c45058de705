/** The heads of YOLO detectors become boxes in pixels of the model's input. Pure. */

import type { Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { boxAround, type FoundBox, type HeadOptions } from "./box-source.ts";
import { float32Elements } from "./tensor-view.ts";

/**
 * Boxes from [1, 4 + labels, anchors]: centre x, centre y, width and height in input pixels, then a
 * score a label. An anchor counts for its best label. Throws TENSOR_INVALID for another shape.
 */
export function yoloBoxes(output: Tensor, { labels, scoreThreshold }: HeadOptions): FoundBox[] {
  const [batch, rows, anchors = 0] = output.shape;
  if (output.shape.length !== 3 || batch !== 1 || rows !== 4 + labels.length) {
    throw wrongShape(`[1, ${4 + labels.length}, anchors]`, output);
  }
  const head = float32Elements(output);
  const at = (row: number, anchor: number) => head[row * anchors + anchor] ?? 0;
  const best = bestLabels(head.subarray(4 * anchors), labels.length, anchors);
  const found: FoundBox[] = [];
  for (const [anchor, index] of best.entries()) {
    const score = at(4 + index, anchor);
    if (!(score >= scoreThreshold)) continue;
    const box = boxAround(at(0, anchor), at(1, anchor), at(2, anchor), at(3, anchor));
    found.push({ index, score, box });
  }
  return found;
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

/**
 * Boxes from [1, anchors, 5 + labels]: centre x, centre y, width and height in input pixels, how
 * sure it is that there is anything, then a score a label, by which that is multiplied. Throws
 * TENSOR_INVALID for another shape.
 */
export function objectnessBoxes(
  output: Tensor,
  { labels, scoreThreshold }: HeadOptions,
): FoundBox[] {
  const [batch, anchors = 0, columns] = output.shape;
  if (output.shape.length !== 3 || batch !== 1 || columns !== 5 + labels.length) {
    throw wrongShape(`[1, anchors, ${5 + labels.length}]`, output);
  }
  const head = float32Elements(output);
  const found: FoundBox[] = [];
  for (let anchor = 0; anchor < anchors; anchor++) {
    const row = head.subarray(anchor * columns, (anchor + 1) * columns);
    const [x = 0, y = 0, width = 0, height = 0, objectness = 0] = row;
    if (!(objectness >= scoreThreshold)) continue;
    let index = 0;
    for (let label = 1; label < labels.length; label++) {
      if ((row[5 + label] ?? 0) > (row[5 + index] ?? 0)) index = label;
    }
    const score = objectness * (row[5 + index] ?? 0);
    if (score >= scoreThreshold) found.push({ index, score, box: boxAround(x, y, width, height) });
  }
  return found;
}

function wrongShape(wanted: string, { shape }: Tensor) {
  return fault(
    "TENSOR_INVALID",
    `boxes are read from ${wanted}, not from [${shape.join(", ")}]: send a batch of 1`,
  );
}
