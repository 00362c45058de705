/** The gateway's tensors as TensorFlow's: bytes travel as they are, texts one by one. Pure. */

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { type LastField, lastFieldBytesMin } from "#backends/last-field.ts";
import type { NamedTensor } from "#core/tensor.ts";
import { TensorProtoSchema } from "#gen/tensorflow/core/framework/tensor_pb.js";
import { byteElementsOf } from "#inference/tensor-bytes.ts";
import { typeOf } from "./datatypes.ts";

/** Writes a tensor. Throws TENSOR_INVALID for texts that do not fill its shape. */
export function tensorProtoOf(tensor: NamedTensor): MessageInitShape<typeof TensorProtoSchema> {
  const head = headOf(tensor);
  return tensor.datatype === "BYTES"
    ? { ...head, stringVal: byteElementsOf(tensor) }
    : { ...head, tensorContent: tensor.bytes };
}

/** All of a tensor but its elements. */
function headOf({ datatype, shape }: NamedTensor) {
  return {
    dtype: typeOf(datatype),
    tensorShape: { dim: shape.map((size) => ({ size: BigInt(size) })) },
  };
}

type Tensors = Record<string, MessageInitShape<typeof TensorProtoSchema>>;

/** The inputs of a request, the last one apart where it is large. Throws as `tensorProtoOf`. */
export function inputsOf(tensors: readonly NamedTensor[]): {
  readonly inputs: Tensors;
  readonly last?: LastField;
} {
  const large = tensors.at(-1);
  const isApart =
    large !== undefined && large.datatype !== "BYTES" && large.bytes.length >= lastFieldBytesMin;
  const others = isApart ? tensors.slice(0, -1) : tensors;
  const inputs = Object.fromEntries(others.map((tensor) => [tensor.name, tensorProtoOf(tensor)]));
  return isApart ? { inputs, last: entryOf(large) } : { inputs };
}

/** Numbers of the fields that it lies in: PredictRequest.inputs, key and value of its entry, and its content. */
const field = { inputs: 2, key: 1, value: 2, content: 4 } as const;

/** An entry of PredictRequest.inputs whose content is the last of it. */
function entryOf(tensor: NamedTensor): LastField {
  const { name, bytes } = tensor;
  const proto = toBinary(TensorProtoSchema, create(TensorProtoSchema, headOf(tensor)));
  const content = new BinaryWriter().tag(field.content, WireType.LengthDelimited);
  const value = Buffer.concat([proto, content.uint32(bytes.length).finish()]);
  const valueBytes = value.length + bytes.length;
  const key = new BinaryWriter().tag(field.key, WireType.LengthDelimited).string(name);
  const entry = key
    .tag(field.value, WireType.LengthDelimited)
    .uint32(valueBytes)
    .raw(value)
    .finish();
  const head = new BinaryWriter().tag(field.inputs, WireType.LengthDelimited);
  return {
    head: head
      .uint32(entry.length + bytes.length)
      .raw(entry)
      .finish(),
    bytes,
  };
}
