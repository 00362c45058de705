/** Whether a loaded model is what its model.yaml says. Pure. */

import type { TensorSpec } from "#backends/backend.ts";
import { isDatatype } from "#core/tensor.ts";
import type { ImageInput, ModelSpec, OutputMeaning } from "#inference/model-spec.ts";
import { imageShape } from "#inference/pixels.ts";
import { isNumeric } from "#inference/tensor-view.ts";
import type { SessionSignature } from "./messages.ts";

/** What does not fit, in words for whoever wrote the file; empty when all does. */
export function signatureProblems(spec: ModelSpec, signature: SessionSignature): string[] {
  return [
    ...(spec.image === undefined ? [] : imageProblems(spec.image, signature.inputs)),
    ...outputProblems(spec, signature.outputs),
  ];
}

function imageProblems(image: ImageInput, inputs: readonly TensorSpec[]): string[] {
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) {
    return [`image: the model has ${inputs.length} inputs instead of one`];
  }
  const shape = imageShape(image);
  const fits = input.datatype === "FP32" && admits(input.shape, shape);
  return fits ? [] : [`image: the model takes ${typed(input)}, not FP32 [${shape.join(", ")}]`];
}

function outputProblems({ meaning, labels }: ModelSpec, outputs: readonly TensorSpec[]): string[] {
  if (meaning.kind === "tensor") return [];
  const output = outputs.find(({ name }) => name === meaning.output);
  if (output === undefined) {
    const names = outputs.map(({ name }) => `"${name}"`).join(", ");
    return [`output.name: the model has no output "${meaning.output}", it has ${names}`];
  }
  const shape = outputShape(meaning, labels.length);
  const numeric = isDatatype(output.datatype) && isNumeric(output.datatype);
  if (numeric && admits(output.shape, shape)) return [];
  const wanted = shape.map((size) => (size === -1 ? "anchors" : size)).join(", ");
  return [
    `labels: ${labels.length} labels need an output [${wanted}], "${output.name}" is ${typed(output)}`,
  ];
}

/** Shape of the output for one image; -1 where any size does. */
function outputShape(
  meaning: Exclude<OutputMeaning, { kind: "tensor" }>,
  labels: number,
): number[] {
  switch (meaning.kind) {
    case "classification":
      return [1, labels];
    case "detection":
      return [1, 4 + labels, -1];
  }
}

/** Whether a tensor of `shape` may be what is declared; an empty declaration says nothing. */
function admits(declared: readonly number[], shape: readonly number[]): boolean {
  if (declared.length === 0) return true;
  return (
    declared.length === shape.length &&
    declared.every((size, at) => size === -1 || shape[at] === -1 || size === shape[at])
  );
}

function typed({ datatype, shape }: TensorSpec): string {
  return `${datatype} [${shape.join(", ")}]`;
}
