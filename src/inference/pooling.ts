/** What a language model says of each token becomes one vector a text. Pure. */

import type { Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type { OutputMeaning } from "./model-spec.ts";
import { float32Elements } from "./tensor-view.ts";

/** How vectors are made. */
export type Pooling = Pick<Extract<OutputMeaning, { kind: "embedding" }>, "pooling" | "normalize">;

/**
 * A vector for each text, from [texts, tokens, size], of which the first `counts` tokens of each
 * text count, or from [texts, size] where nothing is pooled. Throws BACKEND_FAILED for another
 * shape, and for what is no number.
 */
export function pooledVectors(
  output: Tensor,
  counts: readonly number[],
  { pooling, normalize }: Pooling,
): Float32Array[] {
  const { shape } = output;
  const [texts = 0, tokens = 0] = shape;
  const size = shape.at(-1) ?? 0;
  if (shape.length !== (pooling === "none" ? 2 : 3) || texts !== counts.length) {
    throw fault(
      "BACKEND_FAILED",
      `the model gave [${shape.join(", ")}] for ${counts.length} texts`,
    );
  }
  const elements = float32Elements(output);
  return counts.map((count, text) => {
    const stride = pooling === "none" ? size : tokens * size;
    const own = elements.subarray(text * stride, (text + 1) * stride);
    const vector = pooling === "mean" ? meanOf(own, count, size) : own.slice(0, size);
    if (normalize) toUnitLength(vector);
    if (vector.every(Number.isFinite)) return vector;
    throw fault("BACKEND_FAILED", "the model gave a vector with what is no number");
  });
}

function meanOf(elements: Float32Array, tokens: number, size: number): Float32Array {
  const sums = new Float64Array(size);
  for (let token = 0; token < tokens; token++) {
    for (let at = 0; at < size; at++) {
      sums[at] = (sums[at] ?? 0) + (elements[token * size + at] ?? 0);
    }
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, tokens));
}

/** A vector of nothing stays one. */
function toUnitLength(vector: Float32Array): void {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length === 0) return;
  for (const [at, value] of vector.entries()) vector[at] = value / length;
}
