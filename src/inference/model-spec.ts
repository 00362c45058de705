/** What a model.yaml says of a model: how images become its input and its output becomes labels or boxes. */

/** How an encoded image becomes the model's one input. */
export interface ImageInput {
  /** Width and height in pixels that the model takes. */
  readonly width: number;
  readonly height: number;
  /** Channels, in this order. */
  readonly color: "rgb" | "bgr" | "gray";
  /** Order of the dimensions; batch first in both. */
  readonly layout: "NCHW" | "NHWC";
  /** stretch: distort to fit; contain: keep the shape and pad; cover: keep the shape and crop. */
  readonly fit: "stretch" | "contain" | "cover";
  /** Grey level of padding, 0 to 255. */
  readonly pad: number;
  /** auto: turn light backgrounds dark, as scans of ink on paper need for a model of light strokes. */
  readonly invert: "never" | "auto";
  /** An element is (level / 255 - mean) / std, per channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** How outputs become something with a label. */
export type OutputMeaning =
  | {
      /** One score a label. */
      readonly kind: "classification";
      /** Name of the output tensor, [1, labels]. */
      readonly output: string;
      /** Whether the scores still need a softmax. */
      readonly scores: "logits" | "probabilities";
    }
  | {
      /** YOLO head: [1, 4 + labels, anchors] with centre x, centre y, width, height in input pixels. */
      readonly kind: "detection";
      /** Name of the output tensor. */
      readonly output: string;
      /** Least score, 0 to 1, when the caller names none. */
      readonly scoreThreshold: number;
      /** Boxes of one label that overlap more than this (intersection over union) count as one. */
      readonly iouThreshold: number;
    }
  | {
      /** Outputs are handed on as tensors. */
      readonly kind: "tensor";
    };

/** The checked content of a model.yaml. */
export interface ModelSpec {
  /** Other names of the model. */
  readonly aliases: readonly string[];
  /** One line about the model. */
  readonly description: string;
  /** Labels by index; empty for tensor models. */
  readonly labels: readonly string[];
  /** Absent when the model takes no images. */
  readonly image?: ImageInput;
  readonly meaning: OutputMeaning;
  /** Most inferences that are run as one; 1 when the model takes no batches. */
  readonly batchMax: number;
  /** Inferences of zeros that are run before the model counts as available. */
  readonly warmUpRuns: number;
}

/** What is meant by a model of which no one says more: tensors in, tensors out. */
export const plainSpec: ModelSpec = Object.freeze({
  aliases: [],
  description: "",
  labels: [],
  meaning: { kind: "tensor" },
  batchMax: 1,
  warmUpRuns: 0,
} satisfies ModelSpec);
