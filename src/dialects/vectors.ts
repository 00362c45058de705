/** Vectors of a provider's response: read, and held against what was asked for. Pure. */

import { create } from "@bufbuild/protobuf";
import { vectorFromBase64 } from "#chat/vector.ts";
import {
  type Embedding,
  EmbeddingSchema,
  type EmbedResponse,
} from "#gen/polygate/v1/embeddings_pb.js";
import { dimensionsMax } from "./embed-dialect.ts";
import { malformed, unsupported } from "./upstream-error.ts";

/** A vector as a list of numbers, or as base64. Throws BACKEND_MALFORMED for anything else. */
export function vectorOf(value: unknown): Embedding {
  const values = typeof value === "string" ? vectorFromBase64(value) : value;
  if (!Array.isArray(values) || values.length === 0 || values.length > dimensionsMax) {
    throw malformed(`the provider's vector is no list of 1 to ${dimensionsMax} numbers`);
  }
  if (!values.every(Number.isFinite)) throw malformed("the provider's vector holds no numbers");
  return create(EmbeddingSchema, { values });
}

/** Throws BACKEND_MALFORMED unless there is one vector for each input. */
export function requireCount(vectors: number, inputs: number): void {
  if (vectors === inputs) return;
  throw malformed(`the provider sent ${vectors} vectors for ${inputs} inputs`);
}

/** The vectors of lists, one between two turns. */
export function* vectorsOf(lists: readonly unknown[], count: number): Generator<void, Embedding[]> {
  requireCount(lists.length, count);
  const vectors: Embedding[] = [];
  for (const list of lists) {
    vectors.push(vectorOf(list));
    yield;
  }
  return vectors;
}

/**
 * Throws BACKEND_MALFORMED unless all vectors are of one length; PARAMETER_UNSUPPORTED when that is not
 * the length that was asked for.
 */
export function requireLength({ embeddings }: EmbedResponse, wanted: number | undefined): void {
  const length = embeddings[0]?.values.length ?? 0;
  if (embeddings.some(({ values }) => values.length !== length)) {
    throw malformed("the provider's vectors differ in length");
  }
  if (wanted !== undefined && wanted !== length) {
    throw unsupported("dimensions", `the model makes vectors of ${length} numbers only`);
  }
}
