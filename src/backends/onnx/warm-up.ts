/** Inputs of zeros that a new model is tried with. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import { datatypeBytes, elementCount, isDatatype, type NamedTensor } from "#core/tensor.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";

/**
 * One row of zeros for every input. Absent when a size other than the first is open, unless
 * `openShape` settles it.
 */
export function zeroInputs(
  specs: readonly TensorSpec[],
  openShape: readonly number[] | undefined,
): readonly NamedTensor[] | undefined {
  const inputs = specs.map((spec) => zeroInput(spec, openShape ?? [1, ...spec.shape.slice(1)]));
  return inputs.every((input) => input !== undefined) ? inputs : undefined;
}

function zeroInput(
  { name, datatype, shape: declared }: TensorSpec,
  settled: readonly number[],
): NamedTensor | undefined {
  const shape = declared.map((size, at) => (size === -1 ? (settled[at] ?? -1) : size));
  if (shape.includes(-1) || !isDatatype(datatype)) return undefined;
  const count = elementCount(shape);
  const bytes =
    datatype === "BYTES"
      ? bytesFromTexts(Array.from({ length: count }, () => ""))
      : new Uint8Array(count * datatypeBytes[datatype]);
  return { name, datatype, shape, bytes };
}
