/** The gateway's tensors as TensorFlow's: bytes travel as they are, texts one by one. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import type { NamedTensor } from "#core/tensor.ts";
import type { TensorProtoSchema } from "#gen/tensorflow/core/framework/tensor_pb.js";
import { byteElementsOf } from "#inference/tensor-bytes.ts";
import { typeOf } from "./datatypes.ts";

/** Writes a tensor. Throws TENSOR_INVALID for texts that do not fill its shape. */
export function tensorProtoOf(tensor: NamedTensor): MessageInitShape<typeof TensorProtoSchema> {
  const { datatype, shape, bytes } = tensor;
  const head = {
    dtype: typeOf(datatype),
    tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
  };
  return datatype === "BYTES"
    ? { ...head, stringVal: byteElementsOf(tensor) }
    : { ...head, tensorContent: bytes };
}
