/** What a model takes and gives, from the signatures that its server tells. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import type { SignatureDef, TensorInfo } from "#gen/tensorflow/core/protobuf/meta_graph_pb.js";
import { datatypeOf, nameOfType } from "./datatypes.ts";

/** Of the signatures of a model the one that is called by default. */
export const servingDefault = "serving_default";

/** Inputs and outputs, sorted by name. */
export interface Signature {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
}

/** The inputs and outputs of a signature; those that have a value of their own may be left out. */
export function signatureOf({ inputs, outputs, defaults }: SignatureDef): Signature {
  return {
    inputs: specsOf(inputs).map((spec) =>
      Object.hasOwn(defaults, spec.name) ? { ...spec, isOptional: true } : spec,
    ),
    outputs: specsOf(outputs),
  };
}

function specsOf(tensors: Readonly<Record<string, TensorInfo>>): TensorSpec[] {
  return Object.entries(tensors)
    .map(([name, info]) => specOf(name, info))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function specOf(name: string, { dtype, tensorShape }: TensorInfo): TensorSpec {
  // A type that has no datatype keeps its own name: no tensor of a request is of that.
  const datatype = datatypeOf(dtype) ?? nameOfType(dtype);
  if (tensorShape === undefined || tensorShape.unknownRank) return { name, datatype, shape: [] };
  const shape = tensorShape.dim.map(({ size }) => Number(size));
  return shape.length === 0 ? { name, datatype, shape, isScalar: true } : { name, datatype, shape };
}
