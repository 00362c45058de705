/** ONNX's own tests of backends as they lie in a folder: models, what goes into them, and what has to come out. */

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fromBinary } from "@bufbuild/protobuf";
import {
  type ModelProto,
  ModelProtoSchema,
  TensorProto_DataType as OnnxType,
  type TensorProto,
  TensorProtoSchema,
  type ValueInfoProto,
} from "onnx-buf";
import { bytesFromElements } from "#core/byte-elements.ts";
import type { Datatype, NamedTensor } from "#core/tensor.ts";

/** One model with its examples. */
export interface CorpusModel {
  /** Its folder below that of the corpus, a dot in place of each slash. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** In the order of the examples' files. */
  readonly inputs: readonly CorpusValue[];
  readonly outputs: readonly CorpusValue[];
  /** Folders of examples. */
  readonly examples: readonly string[];
}

/** An input or output of a model. */
export interface CorpusValue {
  readonly name: string;
  /** Undefined where the Open Inference Protocol has no word for what it is. */
  readonly datatype: Datatype | undefined;
  /** What it is, in ONNX's words. */
  readonly type: string;
}

/** What goes into a model, and what has to come out of it. */
export interface CorpusExample {
  readonly inputs: readonly NamedTensor[];
  readonly outputs: readonly NamedTensor[];
}

const datatypes: ReadonlyMap<number, Datatype> = new Map([
  [OnnxType.BOOL, "BOOL"],
  [OnnxType.UINT8, "UINT8"],
  [OnnxType.UINT16, "UINT16"],
  [OnnxType.UINT32, "UINT32"],
  [OnnxType.UINT64, "UINT64"],
  [OnnxType.INT8, "INT8"],
  [OnnxType.INT16, "INT16"],
  [OnnxType.INT32, "INT32"],
  [OnnxType.INT64, "INT64"],
  [OnnxType.FLOAT16, "FP16"],
  [OnnxType.BFLOAT16, "BF16"],
  [OnnxType.FLOAT, "FP32"],
  [OnnxType.DOUBLE, "FP64"],
  [OnnxType.STRING, "BYTES"],
]);

const modelFile = "model.onnx";

/** The names of all files of models below a folder, sorted. */
export function corpusFiles(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(`/${modelFile}`))
    .sort()
    .map((file) => join(root, file));
}

/** Reads a model, and where its examples are. */
export function corpusModel(root: string, file: string): CorpusModel {
  const bytes = readFileSync(file);
  const { inputs, outputs } = signatureOf(fromBinary(ModelProtoSchema, bytes));
  const folder = dirname(file);
  const examples = readdirSync(folder)
    .filter((name) => name.startsWith("test_data_set_"))
    .map((name) => join(folder, name));
  const name = relative(root, folder).replaceAll("/", ".");
  return { name, bytes, inputs, outputs, examples };
}

/** What a graph is fed with and gives: an input with a value of its own is none. */
function signatureOf({ graph }: ModelProto): Pick<CorpusModel, "inputs" | "outputs"> {
  const constants = new Set(graph?.initializer.map(({ name }) => name));
  const inputs = graph?.input.filter(({ name }) => !constants.has(name)) ?? [];
  return { inputs: inputs.map(corpusValue), outputs: graph?.output.map(corpusValue) ?? [] };
}

function corpusValue({ name, type }: ValueInfoProto): CorpusValue {
  const value = type?.value;
  if (value?.case !== "tensorType") {
    return { name, datatype: undefined, type: (value?.case ?? "nothing").replace("Type", "") };
  }
  const { elemType } = value.value;
  return { name, datatype: datatypes.get(elemType), type: `tensor of ${OnnxType[elemType]}` };
}

/** Reads an example. Throws for a tensor that is not of the type that the model declares. */
export function corpusExample(folder: string, model: CorpusModel): CorpusExample {
  const read = (kind: string, values: readonly CorpusValue[]) =>
    values.map((value, at) => {
      const proto = fromBinary(TensorProtoSchema, readFileSync(join(folder, `${kind}_${at}.pb`)));
      return tensorFrom(proto, value.name);
    });
  return { inputs: read("input", model.inputs), outputs: read("output", model.outputs) };
}

/** A tensor of a file under the name that the model has for it. */
export function tensorFrom(proto: TensorProto, name: string): NamedTensor {
  const datatype = datatypes.get(proto.dataType);
  if (datatype === undefined) throw new Error(`"${name}" is a tensor of ${proto.dataType}`);
  return { name, datatype, shape: proto.dims.map(Number), bytes: elementBytes(proto, datatype) };
}

/** The elements are in the raw bytes, or in the list that ONNX has for their type. */
function elementBytes(proto: TensorProto, datatype: Datatype): Uint8Array {
  if (datatype === "BYTES") return bytesFromElements(proto.stringData);
  if (proto.rawData.length > 0) return proto.rawData;
  const elements = typedElements(proto, datatype);
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}

function typedElements(proto: TensorProto, datatype: Exclude<Datatype, "BYTES">): ArrayBufferView {
  switch (datatype) {
    case "FP32":
      return Float32Array.from(proto.floatData);
    case "FP64":
      return Float64Array.from(proto.doubleData);
    case "INT64":
      return BigInt64Array.from(proto.int64Data);
    case "UINT64":
      return BigUint64Array.from(proto.uint64Data);
    case "UINT32":
      return Uint32Array.from(proto.uint64Data, Number);
    case "INT32":
      return Int32Array.from(proto.int32Data);
    case "INT16":
      return Int16Array.from(proto.int32Data);
    case "UINT16":
    // The bits of a half float, each in a whole number.
    case "FP16":
    case "BF16":
      return Uint16Array.from(proto.int32Data);
    case "INT8":
      return Int8Array.from(proto.int32Data);
    case "UINT8":
    case "BOOL":
      return Uint8Array.from(proto.int32Data);
  }
}
