/** An inference whose body is nothing but the bytes of a model's only input, Triton's raw binary request. Pure. */

import { create } from "@bufbuild/protobuf";
import { bytesFromElements } from "#core/byte-elements.ts";
import { datatypeBytes, elementCount, isDatatype } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import {
  type ModelInferRequest,
  ModelInferRequest_InferInputTensorSchema,
  ModelInferRequestSchema,
} from "#gen/inference/grpc_service_pb.js";
import type { ServedModel, ServedTensor } from "./served-model.ts";

/** What a request is for. */
export interface InferTarget {
  readonly name: string;
  readonly version: string;
}

/** What of the outputs travels as bytes: those that ask for it, or do not say otherwise. */
export interface BinaryWishes {
  readonly byName: ReadonlyMap<string, boolean>;
  readonly others: boolean;
}

/** A request as it was read. */
export interface ReadInfer {
  readonly request: ModelInferRequest;
  readonly wishes: BinaryWishes;
}

function invalid(description: string) {
  const field = "inputs[0]";
  return fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** The shape that so many elements have: the one size that is open is whatever fits. */
function shapeOf({ name, shape }: ServedTensor, elements: number): number[] {
  const open = shape.filter((size) => size < 0).length;
  const sizes = shape.join(", ");
  if (open > 1) throw invalid(`"${name}" is of [${sizes}]: bytes alone tell one open size`);
  const fixed = elementCount(shape.filter((size) => size >= 0));
  const size = open === 0 ? 1 : elements / fixed;
  if (Number.isInteger(size) && size * fixed === elements) {
    return shape.map((one) => (one < 0 ? size : one));
  }
  throw invalid(`${elements} elements do not fill "${name}" of [${sizes}]`);
}

/** The request that `body` is to a model; its outputs come as bytes, too. Throws TENSOR_INVALID. */
export function rawInfer(body: Uint8Array, model: ServedModel, target: InferTarget): ReadInfer {
  const [input, ...others] = model.inputs;
  if (input === undefined || others.length > 0) {
    const count = model.inputs.length;
    throw invalid(`bytes alone are for models of one input, "${model.name}" takes ${count}`);
  }
  const { name, datatype } = input;
  if (!isDatatype(datatype)) throw invalid(`"${name}" is of ${datatype}, which is not read here`);
  const isText = datatype === "BYTES";
  const elements = isText ? 1 : body.length / datatypeBytes[datatype];
  const shape = shapeOf(input, elements);
  const request = create(ModelInferRequestSchema, {
    modelName: target.name,
    modelVersion: target.version,
    inputs: [
      create(ModelInferRequest_InferInputTensorSchema, {
        name,
        datatype,
        shape: shape.map(BigInt),
      }),
    ],
    rawInputContents: [isText ? bytesFromElements([body]) : body],
  });
  return { request, wishes: { byName: new Map(), others: true } };
}
