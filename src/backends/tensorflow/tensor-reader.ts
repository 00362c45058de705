/** Reads TensorFlow's tensors off the wire into the gateway's: bytes as views of the message. Pure. */

import { WireType } from "@bufbuild/protobuf/wire";
import { bytesFromElements } from "#core/byte-elements.ts";
import { type Datatype, datatypeBytes, elementCount, type NamedTensor } from "#core/tensor.ts";
import { fault } from "#errors/fault.ts";
import type { ByteReader } from "#protobuf/byte-reader.ts";
import { malformed } from "#protobuf/unreadable.ts";
import { datatypeOf, nameOfType } from "./datatypes.ts";

/** Numbers of the fields of TensorProto that are read. */
const field = {
  dtype: 1,
  shape: 2,
  content: 4,
  float: 5,
  double: 6,
  int: 7,
  string: 8,
  int64: 10,
  bool: 11,
  half: 13,
  uint32: 16,
  uint64: 17,
} as const;

/** The list that holds the elements of a datatype. */
const listOf: Readonly<Record<Datatype, number>> = {
  BOOL: field.bool,
  UINT8: field.int,
  UINT16: field.int,
  UINT32: field.uint32,
  UINT64: field.uint64,
  INT8: field.int,
  INT16: field.int,
  INT32: field.int,
  INT64: field.int64,
  FP16: field.half,
  BF16: field.half,
  FP32: field.float,
  FP64: field.double,
  BYTES: field.string,
};

/** A tensor of more bytes is not made: a value on the wire may stand for any number of elements. */
const tensorBytesMax = 64 * 1024 * 1024;
/** Dimensions of a tensor. */
const rankMax = 254;
/** Bytes that each text takes besides its own. */
const textBytesMin = 4;

/** Where a value lies, or a piece of a packed list. */
interface Run {
  readonly start: number;
  readonly end: number;
}

/** What is known of a tensor once its fields were passed over. */
interface Parts {
  dtype: number;
  shape: number[];
  content: Run | undefined;
  /** By field, in order. */
  readonly runs: Map<number, Run[]>;
}

/**
 * Reads the tensor that lies between here and the reader's end. Elements that lie there as they lie in
 * memory are not touched: a packed list of floats is the tensor's bytes. Throws MalformedError for what is none,
 * OPERATION_UNSUPPORTED for a type that has no datatype.
 */
export function readTensor(name: string, reader: ByteReader): NamedTensor {
  const parts = readParts(reader);
  const { dtype, shape, content } = parts;
  const datatype = datatypeOf(dtype);
  if (datatype === undefined) {
    const text = `output "${name}" is ${nameOfType(dtype)}, which has no datatype here`;
    throw fault("OPERATION_UNSUPPORTED", text);
  }
  const head = { name, datatype, shape };
  const count = elementCount(shape);
  const runs = parts.runs.get(listOf[datatype]) ?? [];
  if (datatype === "BYTES") return { ...head, bytes: textBytes(reader, runs, count) };
  const bytesNeeded = count * datatypeBytes[datatype];
  if (bytesNeeded > tensorBytesMax) malformed(`output "${name}" is too large`);
  if (content === undefined || content.start === content.end) {
    return { ...head, bytes: numberBytes(reader, { datatype, runs, bytesNeeded }) };
  }
  if (content.end - content.start !== bytesNeeded) {
    malformed(`output "${name}" has another size than its shape says`);
  }
  return { ...head, bytes: bytesAt(reader, content) };
}

function readParts(reader: ByteReader): Parts {
  const parts: Parts = { dtype: 0, shape: [], content: undefined, runs: new Map() };
  while (reader.at < reader.end) {
    const tag = reader.tag();
    const number = tag >>> 3;
    const isPart = (tag & 7) === WireType.LengthDelimited;
    if (number === field.dtype && (tag & 7) === WireType.Varint) {
      parts.dtype = reader.varint();
    } else if (number === field.shape && isPart) {
      reader.part(readShape, parts);
    } else if (number === field.content && isPart) {
      parts.content = runOf(reader, tag);
    } else {
      const run = runOf(reader, tag);
      const known = parts.runs.get(number);
      if (known === undefined) parts.runs.set(number, [run]);
      else known.push(run);
    }
  }
  return parts;
}

/** Passes over a value. */
function runOf(reader: ByteReader, tag: number): Run {
  if ((tag & 7) === WireType.LengthDelimited) {
    const end = reader.partEnd();
    const start = reader.at;
    reader.at = end;
    return { start, end };
  }
  const start = reader.at;
  reader.skip(tag);
  return { start, end: reader.at };
}

/** TensorShapeProto, into Parts. */
function readShape(reader: ByteReader, target: unknown): void {
  const { shape } = target as Parts;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag >>> 3 === 2 && (tag & 7) === WireType.LengthDelimited) {
      if (shape.length >= rankMax) malformed("a shape has too many dimensions");
      reader.part(readDim, shape);
    } else if (tag >>> 3 === 3 && (tag & 7) === WireType.Varint) {
      if (reader.bit()) malformed("the shape of an output is not known");
    } else {
      reader.skip(tag);
    }
  }
}

/** TensorShapeProto.Dim, into a shape. */
function readDim(reader: ByteReader, target: unknown): void {
  let size = 0;
  while (reader.at < reader.end) {
    const tag = reader.tag();
    if (tag >>> 3 === 1 && (tag & 7) === WireType.Varint) {
      const { lo, hi } = reader.varint64();
      size = hi * 2 ** 32 + (lo >>> 0);
    } else {
      reader.skip(tag);
    }
  }
  if (size < 0 || size > 0x7fff_ffff) malformed("a dimension has a size that no tensor has");
  (target as number[]).push(size);
}

function bytesAt({ source }: ByteReader, { start, end }: Run): Uint8Array {
  return new Uint8Array(source.buffer, source.byteOffset + start, end - start);
}

/** The numbers of a tensor on the wire. */
interface Numbers {
  readonly datatype: Exclude<Datatype, "BYTES">;
  readonly runs: readonly Run[];
  readonly bytesNeeded: number;
}

/** The elements of a list, the last of which stands for all that are missing; what is too many is left. */
function numberBytes(reader: ByteReader, numbers: Numbers): Uint8Array {
  const { datatype, runs, bytesNeeded } = numbers;
  const width = datatypeBytes[datatype];
  const isPlain = datatype === "FP32" || datatype === "FP64";
  const [only] = runs;
  if (isPlain && runs.length === 1 && only !== undefined && only.end - only.start === bytesNeeded) {
    return bytesAt(reader, only);
  }
  const bytes = new Uint8Array(bytesNeeded);
  const filled = isPlain ? copyRuns(reader, runs, bytes) : writeVarints(reader, numbers, bytes);
  if (filled % width !== 0) malformed("a list ends within a number");
  repeatLast(bytes, filled, width);
  return bytes;
}

/** Copies pieces one after the other; returns how many bytes they filled. */
function copyRuns(reader: ByteReader, runs: readonly Run[], target: Uint8Array): number {
  let at = 0;
  for (const run of runs) {
    const piece = bytesAt(reader, run).subarray(0, target.length - at);
    target.set(piece, at);
    at += piece.length;
  }
  return at;
}

/** Writes the number that a reader is at as one element. */
type ElementWriter = (view: DataView, at: number, reader: ByteReader) => void;

/** How whole numbers of each width are written; the bits of a negative one are those of its type. */
const writersByWidth: Readonly<Record<number, ElementWriter>> = {
  1: (view, at, reader) => view.setUint8(at, reader.varint()),
  2: (view, at, reader) => view.setUint16(at, reader.varint(), true),
  4: (view, at, reader) => view.setUint32(at, reader.varint(), true),
  8(view, at, reader) {
    const { lo, hi } = reader.varint64();
    view.setInt32(at, lo, true);
    view.setInt32(at + 4, hi, true);
  },
};

const writeBool: ElementWriter = (view, at, reader) => view.setUint8(at, reader.bit() ? 1 : 0);

/** Writes whole numbers as little-endian elements; returns how many bytes they filled. */
function writeVarints(reader: ByteReader, { datatype, runs }: Numbers, target: Uint8Array): number {
  const width = datatypeBytes[datatype];
  const write = datatype === "BOOL" ? writeBool : (writersByWidth[width] as ElementWriter);
  const view = new DataView(target.buffer);
  const { at: resumeAt, end: resumeEnd } = reader;
  let at = 0;
  for (const { start, end } of runs) {
    reader.at = start;
    reader.end = end;
    for (; reader.at < end && at < target.length; at += width) write(view, at, reader);
    if (reader.at > end) malformed("a list ends within a number");
  }
  reader.at = resumeAt;
  reader.end = resumeEnd;
  return at;
}

/** Fills what is left with the last element; where there is none, zeros stay. */
function repeatLast(bytes: Uint8Array, filled: number, width: number): void {
  if (filled === 0) return;
  const start = filled - width;
  // Each copy doubles what is there.
  for (let at = filled; at < bytes.length; at += at - start) {
    bytes.copyWithin(at, start, Math.min(at, start + bytes.length - at));
  }
}

/** Texts with their lengths; the last one stands for all that are missing, an empty one where there is none. */
function textBytes(reader: ByteReader, runs: readonly Run[], count: number): Uint8Array {
  const given = runs.slice(0, count).map((run) => bytesAt(reader, run));
  const last = given.at(-1) ?? new Uint8Array();
  const missing = count - given.length;
  if (missing * (textBytesMin + last.length) > tensorBytesMax) malformed("an output is too large");
  return bytesFromElements(missing === 0 ? given : [...given, ...Array(missing).fill(last)]);
}
