/** Tensors as the JSON that people write: a first text for a model's inputs, and the inputs of a text; pure. */

import { fromJson } from "@bufbuild/protobuf";
import type { TensorMetadata } from "#gen/polygate/v1/models_pb.js";
import { type Tensor, TensorSchema } from "#gen/polygate/v1/predict_pb.js";

/** Elements that are written out in a first text; larger tensors are for the user to fill. */
const elementsMax = 64;

/** One row of zeros, or of empty texts, for each input. */
export function templateOf(inputs: readonly TensorMetadata[]): string {
  const tensors = inputs.map(({ name, datatype, shape }) => {
    const sizes = shape.map((size) => (size < 0 ? 1 : size));
    const size = sizes.reduce((product, one) => product * one, 1);
    const elements = size > elementsMax ? 0 : size;
    const field =
      datatype === "BYTES" ? { text: Array(elements).fill("") } : { data: Array(elements).fill(0) };
    return JSON.stringify({ name, datatype, shape: sizes, ...field });
  });
  return `[${tensors.join(",\n")}]`;
}

/** The tensors of `text`; a text where it has none, which says why. */
export function inputsOf(text: string): Tensor[] | string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (!Array.isArray(parsed)) return "Write a list of tensors, within [ and ].";
    return parsed.map((tensor) => fromJson(TensorSchema, tensor));
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
