/** TensorFlow's element types as those of the Open Inference Protocol, and back. Pure. */

import type { Datatype } from "#core/tensor.ts";
import { DataType } from "#gen/tensorflow/core/framework/types_pb.js";

const pairs: readonly (readonly [DataType, Datatype])[] = [
  [DataType.DT_BOOL, "BOOL"],
  [DataType.DT_UINT8, "UINT8"],
  [DataType.DT_UINT16, "UINT16"],
  [DataType.DT_UINT32, "UINT32"],
  [DataType.DT_UINT64, "UINT64"],
  [DataType.DT_INT8, "INT8"],
  [DataType.DT_INT16, "INT16"],
  [DataType.DT_INT32, "INT32"],
  [DataType.DT_INT64, "INT64"],
  [DataType.DT_HALF, "FP16"],
  [DataType.DT_BFLOAT16, "BF16"],
  [DataType.DT_FLOAT, "FP32"],
  [DataType.DT_DOUBLE, "FP64"],
  [DataType.DT_STRING, "BYTES"],
];

const byType: ReadonlyMap<number, Datatype> = new Map(pairs);
const byDatatype: ReadonlyMap<Datatype, DataType> = new Map(
  pairs.map(([type, datatype]) => [datatype, type]),
);

/** The datatype of a type; undefined for those that have none, such as DT_COMPLEX64. */
export function datatypeOf(type: number): Datatype | undefined {
  return byType.get(type);
}

/** The type of a datatype. */
export function typeOf(datatype: Datatype): DataType {
  return byDatatype.get(datatype) ?? DataType.DT_INVALID;
}

/** A type's name, for people. */
export function nameOfType(type: number): string {
  return DataType[type] ?? `type ${type}`;
}
