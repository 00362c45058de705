/** The loss of a classifier: cross-entropy of a softmax. */

import type { Loss } from "./learn.ts";

/** Loss of `logits` [batch, classes] when `labels` are the true classes. */
export function crossEntropy(logits: Float32Array, labels: readonly number[]): Loss {
  const classes = logits.length / labels.length;
  const gradient = new Float32Array(logits.length);
  let value = 0;
  labels.forEach((label, sample) => {
    const scores = softmax(logits.subarray(sample * classes, (sample + 1) * classes));
    value -= Math.log(Math.max(scores[label] ?? 0, 1e-12)) / labels.length;
    scores.forEach((score, index) => {
      const wanted = index === label ? 1 : 0;
      gradient[sample * classes + index] = (score - wanted) / labels.length;
    });
  });
  return { value, gradient };
}

/** Positive numbers that sum to one, in the order of the logits. */
export function softmax(logits: Float32Array): Float32Array {
  const greatest = logits.reduce((best, logit) => Math.max(best, logit), -Infinity);
  const powers = logits.map((logit) => Math.exp(logit - greatest));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}
