/** Tensors as ONNX Runtime takes and gives them. Pure: nothing of the library is loaded here. */

import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { TensorSpec } from "#backends/backend.ts";
import type { Datatype, NamedTensor, Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import { bytesFromTexts, textsOf } from "#inference/tensor-text.ts";
import { alignedBytes, isNumeric, type NumericDatatype } from "#inference/tensor-view.ts";

/** The library's word for each datatype and the array it wants the elements in. */
const ortTypes = {
  BOOL: { type: "bool", View: Uint8Array },
  UINT8: { type: "uint8", View: Uint8Array },
  UINT16: { type: "uint16", View: Uint16Array },
  UINT32: { type: "uint32", View: Uint32Array },
  UINT64: { type: "uint64", View: BigUint64Array },
  INT8: { type: "int8", View: Int8Array },
  INT16: { type: "int16", View: Int16Array },
  INT32: { type: "int32", View: Int32Array },
  INT64: { type: "int64", View: BigInt64Array },
  FP16: { type: "float16", View: Uint16Array },
  FP32: { type: "float32", View: Float32Array },
  FP64: { type: "float64", View: Float64Array },
} as const satisfies Record<
  Exclude<NumericDatatype, "BF16">,
  { type: OrtTensor.Type; View: OrtView }
>;

interface OrtView {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): OrtTensor.DataType;
}

const datatypes = new Map<string, Datatype>([
  ["string", "BYTES"],
  ...Object.entries(ortTypes).map(([datatype, { type }]) => [type, datatype as Datatype] as const),
]);

/** What the library's tensor constructor takes. */
export interface OrtTensorParts {
  readonly type: OrtTensor.Type;
  readonly data: OrtTensor.DataType;
  readonly dims: readonly number[];
}

/**
 * The parts of a feed; numbers are views of the tensor's bytes where those are aligned, half floats
 * are given as their bits. Throws TENSOR_INVALID when texts are not well-formed.
 */
export function ortParts(tensor: Tensor): OrtTensorParts {
  const { datatype, shape: dims } = tensor;
  if (!isNumeric(datatype)) {
    const read = textsOf(tensor);
    if (!read.ok) throw fault("TENSOR_INVALID", read.problem);
    return { type: "string", data: [...read.texts], dims };
  }
  // No model that is loaded here takes it: the library has no such type.
  if (datatype === "BF16") throw fault("TENSOR_INVALID", "BF16 is no type of this runtime");
  const { type } = ortTypes[datatype];
  const View: OrtView = ortTypes[datatype].View;
  const { buffer, byteOffset, byteLength } = alignedBytes(tensor.bytes, View.BYTES_PER_ELEMENT);
  return { type, data: new View(buffer, byteOffset, byteLength / View.BYTES_PER_ELEMENT), dims };
}

/** A result as a tensor that shares the result's memory. */
export function tensorFromOrt(name: string, { type, data, dims }: OrtTensorParts): NamedTensor {
  const datatype = datatypeOf(name, type);
  const bytes = Array.isArray(data)
    ? bytesFromTexts(data)
    : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { name, datatype, shape: dims, bytes };
}

/**
 * An input or output as the session describes it; open sizes become -1. The library tells a scalar
 * and a tensor of unknown rank the same way: both have an empty shape. Throws MODEL_LOAD_FAILED for
 * types that no request can carry.
 */
export function tensorSpec(metadata: InferenceSession.ValueMetadata): TensorSpec {
  const { name } = metadata;
  if (!metadata.isTensor) throw fault("MODEL_LOAD_FAILED", `"${name}" is not a tensor`);
  return {
    name,
    datatype: datatypeOf(name, metadata.type),
    shape: metadata.shape.map((size) => (typeof size === "number" ? size : -1)),
  };
}

function datatypeOf(name: string, type: string): Datatype {
  const datatype = datatypes.get(type);
  if (datatype === undefined) {
    throw fault("MODEL_LOAD_FAILED", `"${name}" has elements of type ${type}`);
  }
  return datatype;
}
