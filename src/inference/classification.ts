/** Scores of a classifier become labels by falling probability. Pure. */

import type { Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type { Scores } from "./model-spec.ts";
import { float32Elements } from "./tensor-view.ts";

/** A label and how probable it is. */
export interface Classification {
  readonly label: string;
  /** Position in the model's list of labels. */
  readonly index: number;
  /** 0 to 1. */
  readonly score: number;
}

/** How scores are read. */
export interface ClassificationOptions {
  readonly scores: Scores;
  readonly labels: readonly string[];
  /** Greatest number of labels in the response, at least 1. */
  readonly topK: number;
}

/**
 * The most probable labels of one row of scores, [1, labels] or [labels]; equal scores keep the
 * order of the labels. Throws TENSOR_INVALID for any other number of scores, BACKEND_FAILED when
 * the model gave something that is no number.
 */
export function classify(output: Tensor, options: ClassificationOptions): Classification[] {
  const { labels, topK } = options;
  const scores = float32Elements(output);
  if (scores.length !== labels.length) {
    throw fault(
      "TENSOR_INVALID",
      `labels belong to one row of ${labels.length} scores, not to [${output.shape.join(", ")}]: send a batch of 1`,
    );
  }
  const probabilities = probabilitiesOf(scores, options.scores);
  if (!probabilities.every(Number.isFinite)) {
    throw fault("BACKEND_FAILED", "the model gave a score that is not a number");
  }
  return Array.from(probabilities, (score, index) => ({ label: labels[index] ?? "", index, score }))
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, topK);
}

/** Scores as probabilities. */
export function probabilitiesOf(scores: Float32Array, kind: Scores): Float32Array | Float64Array {
  switch (kind) {
    case "logits":
      return softmax(scores);
    case "sigmoid":
      return Float64Array.from(scores, (score) => 1 / (1 + Math.exp(-score)));
    case "probabilities":
      return scores;
  }
}

/** Probabilities of logits, in double precision; does not overflow. */
export function softmax(logits: Float32Array): Float64Array {
  // Not Math.max(...logits): a spread of many scores overflows the stack.
  const greatest = logits.reduce((most, logit) => Math.max(most, logit), -Infinity);
  const weights = Float64Array.from(logits, (logit) => Math.exp(logit - greatest));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}
