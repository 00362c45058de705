/** The head of an SSD detector, boxes and scores in tensors of their own, becomes boxes. Pure. */

import type { Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { boxAround, type FoundBox, type HeadOptions } from "./box-source.ts";
import { probabilitiesOf } from "./classification.ts";
import type { Box, Size } from "./image-frame.ts";
import type { SsdOutputs } from "./model-spec.ts";
import { float32Elements } from "./tensor-view.ts";

/** The tensors of such a head. */
export interface SsdTensors {
  /** [1, boxes, 4] or [boxes, 4]. */
  readonly boxes: Tensor;
  /** [1, boxes, labels], or [1, boxes] besides `classes`. */
  readonly scores: Tensor;
  /** [1, boxes], the position of each box's label. */
  readonly classes: Tensor | undefined;
}

/**
 * Boxes in pixels of the input of this size. Throws TENSOR_INVALID when the tensors do not have the
 * shapes that belong together.
 */
export function ssdBoxes(
  { boxes, scores, classes }: SsdTensors,
  { activation, box: form, unit, background }: Omit<SsdOutputs, "scores" | "classes">,
  { labels, scoreThreshold, input }: HeadOptions & { readonly input: Size },
): FoundBox[] {
  const count = boxCount(boxes);
  const skipped = background ? 1 : 0;
  const perBox = classes === undefined ? labels.length + skipped : 1;
  const edges = float32Elements(boxes);
  const levels = float32Elements(scores);
  const positions = classes && float32Elements(classes);
  if (levels.length !== count * perBox || (positions?.length ?? count) !== count) {
    throw unlike({ count, perBox, labels: labels.length }, [scores, classes]);
  }
  const scale = unit === "pixels" ? { width: 1, height: 1 } : input;
  const found: FoundBox[] = [];
  for (let at = 0; at < count; at++) {
    const own = probabilitiesOf(levels.subarray(at * perBox, (at + 1) * perBox), activation);
    const best = positions === undefined ? bestFrom(own, skipped) : 0;
    const score = own[best] ?? 0;
    const index = Math.round(positions?.[at] ?? best) - skipped;
    if (!(score >= scoreThreshold && index >= 0 && index < labels.length)) continue;
    found.push({ index, score, box: boxFrom(edges.subarray(at * 4, at * 4 + 4), form, scale) });
  }
  return found;
}

/** The position of the greatest score from `first` on. */
function bestFrom(scores: ArrayLike<number>, first: number): number {
  let best = first;
  for (let at = first + 1; at < scores.length; at++) {
    if ((scores[at] ?? 0) > (scores[best] ?? 0)) best = at;
  }
  return best;
}

function unlike(
  { count, perBox, labels }: Readonly<Record<"count" | "perBox" | "labels", number>>,
  tensors: readonly (Tensor | undefined)[],
) {
  const shapes = tensors.flatMap((tensor) => (tensor === undefined ? [] : shapeText(tensor)));
  return fault(
    "TENSOR_INVALID",
    `${count} boxes of ${labels} labels need ${count * perBox} scores, not ${shapes.join(" and ")}: send a batch of 1`,
  );
}

function boxCount(boxes: Tensor): number {
  const { shape } = boxes;
  const inner = shape.length === 3 && shape[0] === 1 ? shape.slice(1) : shape;
  const [count = 0, edges] = inner;
  if (inner.length === 2 && edges === 4) return count;
  throw fault(
    "TENSOR_INVALID",
    `boxes are read from [1, boxes, 4], not from ${shapeText(boxes)}: send a batch of 1`,
  );
}

function boxFrom(edges: Float32Array, form: SsdOutputs["box"], scale: Size): Box {
  const [a = 0, b = 0, c = 0, d = 0] = edges;
  const { width, height } = scale;
  switch (form) {
    case "xyxy":
      return { xMin: a * width, yMin: b * height, xMax: c * width, yMax: d * height };
    case "yxyx":
      return { xMin: b * width, yMin: a * height, xMax: d * width, yMax: c * height };
    case "cxcywh":
      return boxAround(a * width, b * height, c * width, d * height);
  }
}

function shapeText({ shape }: Tensor): string {
  return `[${shape.join(", ")}]`;
}
