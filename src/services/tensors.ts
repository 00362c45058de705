/** The wire's tensor ↔ the gateway's: raw bytes, numbers or texts in, the same form out. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { shortestFloat16, shortestFloat32 } from "#core/shortest-float.ts";
import { type Datatype, datatypeBytes, type NamedTensor } from "#core/tensor.ts";
import type { Tensor, TensorSchema } from "#gen/polygate/v1/predict_pb.js";
import { bytesFromTexts, textsOf } from "#inference/tensor-text.ts";
import { bytesFromNumbers, exactNumbersOf, isHeldBy, isNumeric } from "#inference/tensor-view.ts";
import { datatypeOf, invalidTensor, requireCount } from "./wire-tensor.ts";

/** Elements as bytes, and how many there are; undefined where only the bytes themselves show that. */
interface Packed {
  readonly bytes: Uint8Array;
  readonly count: number | undefined;
}

function packedNumbers(tensor: Tensor, datatype: Datatype, field: string): Packed {
  if (!isNumeric(datatype))
    throw invalidTensor(`${field}.data`, "a BYTES tensor takes text or raw");
  const { data } = tensor;
  const odd = data.findIndex((value) => !isHeldBy(datatype, value));
  if (odd >= 0)
    throw invalidTensor(`${field}.data[${odd}]`, `${data[odd]} does not fit ${datatype}`);
  return { bytes: bytesFromNumbers(datatype, data), count: data.length };
}

function packed(tensor: Tensor, datatype: Datatype, field: string): Packed {
  const { raw, data, text } = tensor;
  if ([raw, data, text].filter((form) => form.length > 0).length > 1) {
    throw invalidTensor(field, "set one of raw, data and text");
  }
  if (data.length > 0) return packedNumbers(tensor, datatype, field);
  if (text.length > 0) {
    if (isNumeric(datatype)) throw invalidTensor(`${field}.text`, `${datatype} takes data or raw`);
    return { bytes: bytesFromTexts(text), count: text.length };
  }
  return {
    bytes: raw,
    count: isNumeric(datatype) ? raw.length / datatypeBytes[datatype] : undefined,
  };
}

/** Reads an input; `field` is its path in the request. Throws TENSOR_INVALID. */
export function tensorFromWire(tensor: Tensor, field: string): NamedTensor {
  const { name, shape } = tensor;
  const datatype = datatypeOf(tensor.datatype, field);
  const { bytes, count } = packed(tensor, datatype, field);
  if (count !== undefined) requireCount(count, shape, field);
  return { name, datatype, shape, bytes };
}

/** Each number as the shortest one that its datatype takes for the same; undefined where numbers cannot say what it holds. */
function writtenNumbers(tensor: NamedTensor): number[] | undefined {
  const numbers = exactNumbersOf(tensor);
  const shortest = { FP16: shortestFloat16, BF16: shortestFloat32, FP32: shortestFloat32 }[
    String(tensor.datatype)
  ];
  return shortest === undefined ? numbers : numbers?.map(shortest);
}

/** Writes an output as raw bytes, or as numbers and texts when `readable` and they can say exactly what it holds. */
export function tensorToWire(
  tensor: NamedTensor,
  readable: boolean,
): MessageInitShape<typeof TensorSchema> {
  const { name, datatype, bytes } = tensor;
  const head = { name, datatype, shape: [...tensor.shape] };
  if (!readable) return { ...head, raw: bytes };
  if (isNumeric(datatype)) {
    const data = writtenNumbers(tensor);
    return data === undefined ? { ...head, raw: bytes } : { ...head, data };
  }
  const texts = textsOf(tensor);
  return texts.ok ? { ...head, text: [...texts.texts] } : { ...head, raw: bytes };
}
