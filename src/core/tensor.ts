/** The gateway's tensor: a datatype, a shape and row-major little-endian bytes. Pure. */

/** Element types by their names in the Open Inference Protocol, with their width in bytes. */
export const datatypeBytes = {
  BOOL: 1,
  UINT8: 1,
  UINT16: 2,
  UINT32: 4,
  UINT64: 8,
  INT8: 1,
  INT16: 2,
  INT32: 4,
  INT64: 8,
  FP16: 2,
  /** The upper half of an FP32. */
  BF16: 2,
  FP32: 4,
  FP64: 8,
  /** Variable: each element is preceded by its length as a little-endian uint32. */
  BYTES: 0,
} as const;

/** An element type. */
export type Datatype = keyof typeof datatypeBytes;

/** Whether `name` is an element type. */
export function isDatatype(name: string): name is Datatype {
  return Object.hasOwn(datatypeBytes, name);
}

/** An array of elements. No one writes to `bytes` after construction. */
export interface Tensor {
  readonly datatype: Datatype;
  /** Size of each dimension; empty for a scalar. */
  readonly shape: readonly number[];
  /** Row-major little-endian elements; the view may be unaligned. */
  readonly bytes: Uint8Array;
}

/** A tensor with the name of the model's input or output. */
export interface NamedTensor extends Tensor {
  readonly name: string;
}

/** Number of elements that `shape` holds; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((count, size) => count * size, 1);
}
