/** The wire's tensor ↔ the gateway's: raw bytes, numbers or texts in, the same form out. Pure. */

import type { MessageInitShape } from "@bufbuild/protobuf";
import { datatypeBytes, elementCount, isDatatype, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type { Tensor, TensorSchema } from "#gen/polygate/v1/predict_pb.js";

type NumericDatatype = Exclude<keyof typeof datatypeBytes, "BYTES">;
type Write = (view: DataView, offset: number, value: number) => void;
type Read = (view: DataView, offset: number) => number;

/** The inclusive range of each integer type that a JSON number can hold. */
const integerRanges: Readonly<Partial<Record<NumericDatatype, readonly [number, number]>>> = {
  BOOL: [0, 1],
  UINT8: [0, 0xff],
  UINT16: [0, 0xffff],
  UINT32: [0, 0xffffffff],
  UINT64: [0, Number.MAX_SAFE_INTEGER],
  INT8: [-0x80, 0x7f],
  INT16: [-0x8000, 0x7fff],
  INT32: [-0x80000000, 0x7fffffff],
  INT64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
};

const writers: Readonly<Record<NumericDatatype, Write>> = {
  BOOL: (view, offset, value) => view.setUint8(offset, value),
  UINT8: (view, offset, value) => view.setUint8(offset, value),
  UINT16: (view, offset, value) => view.setUint16(offset, value, true),
  UINT32: (view, offset, value) => view.setUint32(offset, value, true),
  UINT64: (view, offset, value) => view.setBigUint64(offset, BigInt(value), true),
  INT8: (view, offset, value) => view.setInt8(offset, value),
  INT16: (view, offset, value) => view.setInt16(offset, value, true),
  INT32: (view, offset, value) => view.setInt32(offset, value, true),
  INT64: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
  FP16: (view, offset, value) => view.setFloat16(offset, value, true),
  FP32: (view, offset, value) => view.setFloat32(offset, value, true),
  FP64: (view, offset, value) => view.setFloat64(offset, value, true),
};

const readers: Readonly<Record<NumericDatatype, Read>> = {
  BOOL: (view, offset) => view.getUint8(offset),
  UINT8: (view, offset) => view.getUint8(offset),
  UINT16: (view, offset) => view.getUint16(offset, true),
  UINT32: (view, offset) => view.getUint32(offset, true),
  UINT64: (view, offset) => Number(view.getBigUint64(offset, true)),
  INT8: (view, offset) => view.getInt8(offset),
  INT16: (view, offset) => view.getInt16(offset, true),
  INT32: (view, offset) => view.getInt32(offset, true),
  INT64: (view, offset) => Number(view.getBigInt64(offset, true)),
  FP16: (view, offset) => view.getFloat16(offset, true),
  FP32: (view, offset) => view.getFloat32(offset, true),
  FP64: (view, offset) => view.getFloat64(offset, true),
};

function invalid(field: string, description: string) {
  return fault("TENSOR_INVALID", `${field}: ${description}`, { fields: [{ field, description }] });
}

/** Numbers as little-endian elements; each must fit its type. */
function packed(datatype: NumericDatatype, values: readonly number[], field: string): Uint8Array {
  const width = datatypeBytes[datatype];
  const bytes = new Uint8Array(values.length * width);
  const view = new DataView(bytes.buffer);
  const range = integerRanges[datatype];
  const write = writers[datatype];
  for (const [index, value] of values.entries()) {
    if (
      range !== undefined &&
      !(Number.isInteger(value) && value >= range[0] && value <= range[1])
    ) {
      throw invalid(`${field}.data[${index}]`, `${value} does not fit ${datatype}`);
    }
    write(view, index * width, value);
  }
  return bytes;
}

/** Texts, each behind its length as a little-endian uint32. */
function packedTexts(texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

function unpackedTexts(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const end = offset + 4 + view.getUint32(offset, true);
    texts.push(Buffer.from(bytes.subarray(offset + 4, end)).toString());
    offset = end;
  }
  return texts;
}

function elementsOf(tensor: Tensor, datatype: NamedTensor["datatype"], field: string): Uint8Array {
  const given = [tensor.raw, tensor.data, tensor.text].filter((form) => form.length > 0).length;
  if (given > 1) throw invalid(field, "set one of raw, data and text");
  if (tensor.raw.length > 0) return tensor.raw;
  if (datatype === "BYTES") {
    if (tensor.data.length > 0) throw invalid(`${field}.data`, "a BYTES tensor takes text or raw");
    return packedTexts(tensor.text);
  }
  if (tensor.text.length > 0) throw invalid(`${field}.text`, `${datatype} takes data or raw`);
  return packed(datatype, tensor.data, field);
}

/** Number of elements in a wire form, or undefined where only parsing would tell. */
function countOf(tensor: Tensor, datatype: NamedTensor["datatype"], bytes: Uint8Array): number {
  if (datatype !== "BYTES") return bytes.length / datatypeBytes[datatype];
  return tensor.raw.length > 0 ? unpackedTexts(tensor.raw).length : tensor.text.length;
}

/** Reads an input; `field` is its path in the request. Throws TENSOR_INVALID. */
export function tensorFromWire(tensor: Tensor, field: string): NamedTensor {
  const { name, datatype, shape } = tensor;
  if (!isDatatype(datatype)) throw invalid(`${field}.datatype`, `"${datatype}" is not a datatype`);
  const bytes = elementsOf(tensor, datatype, field);
  const expected = elementCount(shape);
  const got = countOf(tensor, datatype, bytes);
  if (got !== expected) {
    throw invalid(
      field,
      `shape [${shape.join(", ")}] holds ${expected} elements, ${got} were sent`,
    );
  }
  return { name, datatype, shape, bytes };
}

/** Writes an output as raw bytes, or as numbers and texts when `readable`. */
export function tensorToWire(
  { name, datatype, shape, bytes }: NamedTensor,
  readable: boolean,
): MessageInitShape<typeof TensorSchema> {
  const head = { name, datatype, shape: [...shape] };
  if (!readable) return { ...head, raw: bytes };
  if (datatype === "BYTES") return { ...head, text: unpackedTexts(bytes) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = datatypeBytes[datatype];
  const read = readers[datatype];
  return {
    ...head,
    data: Array.from({ length: bytes.length / width }, (_, index) => read(view, index * width)),
  };
}
