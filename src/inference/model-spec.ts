/** What a model.yaml says of a model: how images and texts become its input, and what its output means. */

/** How an encoded image becomes the model's one input. */
export interface ImageInput {
  /** Width and height in pixels that the model takes. */
  readonly width: number;
  readonly height: number;
  /** Channels, in this order. */
  readonly color: "rgb" | "bgr" | "gray";
  /** Order of the dimensions; batch first in both. */
  readonly layout: "NCHW" | "NHWC";
  /** Type of the elements. UINT8 takes the levels as they are, 0 to 255. */
  readonly datatype: "FP32" | "FP16" | "UINT8";
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

/** How a text becomes the model's inputs: token ids, and what says which of them count. */
export interface TextInput {
  /**
   * Most tokens of a text, the tokenizer's own ones included; the rest is cut off. Absent leaves it
   * to the tokenizer.
   */
  readonly maxTokens?: number;
  /** Goes in front of each text, such as `query: `. */
  readonly prefix: string;
}

/** How scores of an output become probabilities: by a softmax, each by itself, or not at all. */
export type Scores = "logits" | "sigmoid" | "probabilities";

/** Boxes that have a score a label, in one tensor or in several. */
export interface DetectionMeaning {
  readonly kind: "detection";
  /**
   * Shape of the outputs. yolo: [1, 4 + labels, anchors]. yolo_objectness: [1, anchors, 5 + labels],
   * the fifth says whether there is anything. ssd: boxes [1, boxes, 4], scores in another tensor.
   */
  readonly head: "yolo" | "yolo_objectness" | "ssd";
  /** Name of the output tensor with the boxes. */
  readonly output: string;
  /** Least score, 0 to 1, when the caller names none. */
  readonly scoreThreshold: number;
  /** Boxes of one label that overlap more than this (intersection over union) count as one. */
  readonly iouThreshold: number;
  /** What a head of several tensors has besides; absent for the others. */
  readonly ssd?: SsdOutputs;
}

/** The tensors of an SSD head besides the boxes, and how they are read. */
export interface SsdOutputs {
  /** [1, boxes, labels], or [1, boxes] where `classes` names the labels. */
  readonly scores: string;
  /** [1, boxes]: the position of each box's label; absent where there is a score a label. */
  readonly classes?: string;
  readonly activation: Scores;
  /** What the four numbers of a box are. */
  readonly box: "xyxy" | "yxyx" | "cxcywh";
  /** Pixels of the model's input, or shares of its width and height. */
  readonly unit: "pixels" | "share";
  /** The first class means that there is nothing, and has no label. */
  readonly background: boolean;
}

/** How outputs become something with a meaning. */
export type OutputMeaning =
  | {
      /** One score a label. */
      readonly kind: "classification";
      /** Name of the output tensor, [1, labels]. */
      readonly output: string;
      readonly scores: Scores;
    }
  | DetectionMeaning
  | {
      /** A vector for each text. */
      readonly kind: "embedding";
      /** Name of the output tensor: [texts, tokens, size], or [texts, size] where nothing is pooled. */
      readonly output: string;
      /** mean: of the tokens that count; cls: the first token's; none: the model has done it. */
      readonly pooling: "mean" | "cls" | "none";
      /** Vectors are made to have the length 1. */
      readonly normalize: boolean;
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
  /** Absent when the model takes no texts. */
  readonly text?: TextInput;
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
