/** Elements of a tensor as typed arrays and numbers, and back. Pure. */

import type { Datatype, Tensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";

/** Element types of fixed width. */
export type NumericDatatype = Exclude<Datatype, "BYTES">;

const viewTypes = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Float16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const satisfies Record<Exclude<NumericDatatype, "BF16">, unknown>;

/** A typed array of any element type. */
export type Elements =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float16Array
  | Float32Array
  | Float64Array;

interface ElementsConstructor {
  readonly BYTES_PER_ELEMENT: number;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): Elements;
}

/** Whether elements of `datatype` are numbers or truth values. */
export function isNumeric(datatype: Datatype): datatype is NumericDatatype {
  return datatype !== "BYTES";
}

/** `bytes` itself where it starts at a multiple of `width`, else a copy that does. */
export function alignedBytes(bytes: Uint8Array, width: number): Uint8Array {
  // Not bytes.slice(): a Buffer's slice is a view, and as unaligned as before.
  return bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}

/**
 * The elements as a typed array: a view of the tensor's bytes where those are aligned, else a copy.
 * No one may write to it. Throws TENSOR_INVALID for BYTES.
 */
export function elementsOf(tensor: Tensor): Elements {
  if (!isNumeric(tensor.datatype)) {
    throw fault("TENSOR_INVALID", "a tensor of texts has no numbers");
  }
  if (tensor.datatype === "BF16") return floatsOfHalves(tensor.bytes);
  const View: ElementsConstructor = viewTypes[tensor.datatype];
  const { buffer, byteOffset, byteLength } = alignedBytes(tensor.bytes, View.BYTES_PER_ELEMENT);
  return new View(buffer, byteOffset, byteLength / View.BYTES_PER_ELEMENT);
}

/** BF16 elements as the single floats whose upper halves they are. */
function floatsOfHalves(bytes: Uint8Array): Float32Array {
  const words = new Uint16Array(bytes.length & ~1);
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    words[at + 1] = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8);
  }
  return new Float32Array(words.buffer);
}

/** The bits of the BF16 that is nearest to a number; of two as near, the even one. */
function halfBits(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  if (Number.isNaN(value)) return 0x7fc0;
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}

/** The BF16 that is nearest to a number. */
function halfRounded(value: number): number {
  return new Float32Array(Uint16Array.of(0, halfBits(value)).buffer)[0] ?? 0;
}

/** Whether no number is NaN or infinite: the only ones that are not 0 when taken off themselves. */
export function areFinite(numbers: ArrayLike<number>): boolean {
  // A function for each element takes five times as long.
  for (let at = 0; at < numbers.length; at += 1) {
    const number = numbers[at] as number;
    if (number - number !== 0) return false;
  }
  return true;
}

/** Whether no element is NaN or infinite; texts and whole numbers never are. */
export function isFiniteTensor(tensor: Tensor): boolean {
  const { datatype } = tensor;
  if (!isFloat(datatype)) return true;
  return areFinite(elementsOf(tensor) as ArrayLike<number>);
}

/** The elements as single floats; 64-bit integers and doubles are rounded. Throws like elementsOf. */
export function float32Elements(tensor: Tensor): Float32Array {
  const elements = elementsOf(tensor);
  return elements instanceof Float32Array ? elements : Float32Array.from(numbers(elements));
}

/** The elements as numbers; integers beyond 2^53 are rounded. Throws like elementsOf. */
export function numbersOf(tensor: Tensor): number[] {
  return numbers(elementsOf(tensor));
}

function numbers(elements: Elements): number[] {
  return elements instanceof BigInt64Array || elements instanceof BigUint64Array
    ? Array.from(elements, Number)
    : Array.from(elements);
}

/** The same, but undefined where an integer would be rounded: other bits than its own are no answer. */
export function exactNumbersOf(tensor: Tensor): number[] | undefined {
  const values = numbersOf(tensor);
  const { datatype } = tensor;
  const isExact = datatype !== "INT64" && datatype !== "UINT64";
  return isExact || values.every(Number.isSafeInteger) ? values : undefined;
}

/** The whole numbers that each datatype takes; 64-bit ones as far as a JavaScript number is exact. */
const wholeRanges = {
  BOOL: [0, 1],
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffff_ffff],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x8000_0000, 0x7fff_ffff],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const satisfies Partial<Record<NumericDatatype, readonly [number, number]>>;

const floatRounding = {
  FP16: Math.f16round,
  BF16: halfRounded,
  FP32: Math.fround,
  FP64: Number,
} as const;

function isFloat(datatype: Datatype): datatype is keyof typeof floatRounding {
  return Object.hasOwn(floatRounding, datatype);
}

/**
 * Whether a tensor of `datatype` can hold `value`: whole numbers exactly, BOOL as 0 and 1, floats
 * rounded. Infinity and NaN are floats; a finite number that would become infinite is not held.
 */
export function isHeldBy(datatype: NumericDatatype, value: number): boolean {
  if (isFloat(datatype)) {
    return !Number.isFinite(value) || Number.isFinite(floatRounding[datatype](value));
  }
  const [least, most] = wholeRanges[datatype];
  return Number.isInteger(value) && value >= least && value <= most;
}

/** Numbers as little-endian elements in a fresh buffer; each must be held by the datatype. */
export function bytesFromNumbers(
  datatype: NumericDatatype,
  values: ArrayLike<number>,
): Uint8Array<ArrayBuffer> {
  if (datatype === "BF16") {
    return new Uint8Array(Uint16Array.from(values, halfBits).buffer);
  }
  const elements = new viewTypes[datatype](values.length);
  if (elements instanceof BigInt64Array || elements instanceof BigUint64Array) {
    for (let index = 0; index < values.length; index++)
      elements[index] = BigInt(values[index] ?? 0);
  } else {
    elements.set(values);
  }
  return new Uint8Array(elements.buffer);
}
