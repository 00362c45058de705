/** Networks as ONNX files: each layer a node, each parameter an initializer, whatever follows as extra nodes. */

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";
import type { Layer } from "./layers.ts";
import type { Network } from "./network.ts";

/** A node of the graph. */
export type Node = MessageInitShape<typeof NodeProtoSchema>;
/** A constant of the graph. */
export type Constant = MessageInitShape<typeof TensorProtoSchema>;

/** What the graph does after the last layer. */
export interface Tail {
  readonly nodes: readonly Node[];
  readonly constants: readonly Constant[];
}

/** The file's face. */
export interface ExportOptions {
  readonly name: string;
  readonly input: string;
  readonly output: string;
  /** Shape of a sample of the output, without the batch. */
  readonly outputShape: readonly number[];
  /** Reads the tensor named `from` and writes the one named `output`; absent: the last layer does. */
  readonly tail?: (from: string) => Tail;
}

/** The bytes of an ONNX model (opset 17) of which only the first dimension, `batch`, is open. */
export function exportOnnx(network: Network, options: ExportOptions): Uint8Array {
  const { name, input, output, outputShape, tail } = options;
  const [first] = network;
  const inputShape = first && [first.input.channels, first.input.height, first.input.width];
  const lastName = tail === undefined ? output : "features";
  const nodes: Node[] = [];
  const constants: Constant[] = [];
  let current = input;
  network.forEach((layer, at) => {
    const next = at === network.length - 1 ? lastName : `layer${at}`;
    const exported = exportLayer(layer, { index: at, from: current, to: next });
    nodes.push(...exported.nodes);
    constants.push(...exported.constants);
    current = next;
  });
  const rest = tail?.(current) ?? { nodes: [], constants: [] };
  const model = create(ModelProtoSchema, {
    irVersion: 9n,
    producerName: "polygate",
    opsetImport: [{ domain: "", version: 17n }],
    graph: {
      name,
      node: [...nodes, ...rest.nodes],
      initializer: [...constants, ...rest.constants],
      input: [batchOf(input, inputShape ?? [])],
      output: [batchOf(output, outputShape)],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** A node of one output. */
export function node(
  opType: string,
  input: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number | readonly number[]>> = {},
): Node {
  const attribute = Object.entries(attributes).map(([name, value]) =>
    typeof value === "number"
      ? { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) }
      : { name, type: AttributeProto_AttributeType.INTS, ints: value.map(BigInt) },
  );
  return { opType, input: [...input], output: [output], attribute };
}

/** A constant of single-precision numbers. */
export function floats(name: string, values: Float32Array, dims: readonly number[]): Constant {
  const { buffer, byteOffset, byteLength } = values;
  const rawData = new Uint8Array(buffer, byteOffset, byteLength).slice();
  return { name, dataType: TensorProto_DataType.FLOAT, dims: dims.map(BigInt), rawData };
}

/** A constant list of 64-bit integers, as shapes and split sizes are given. */
export function integers(name: string, values: readonly number[]): Constant {
  return {
    name,
    dataType: TensorProto_DataType.INT64,
    dims: [BigInt(values.length)],
    int64Data: values.map(BigInt),
  };
}

function exportLayer(
  layer: Layer,
  { index, from, to }: { index: number; from: string; to: string },
): Tail {
  const names = [`weights${index}`, `bias${index}`] as const;
  switch (layer.kind) {
    case "conv": {
      const { kernel, stride, padding } = layer.geometry;
      const { input, output, weights, bias } = layer;
      const attributes = {
        kernel_shape: [kernel, kernel],
        strides: [stride, stride],
        pads: [padding, padding, padding, padding],
      };
      return {
        nodes: [node("Conv", [from, ...names], to, attributes)],
        constants: [
          floats(names[0], weights.values, [output.channels, input.channels, kernel, kernel]),
          floats(names[1], bias.values, [output.channels]),
        ],
      };
    }
    case "dense": {
      const { weights, bias } = layer;
      const outputs = bias.values.length;
      const flat = `${to}.flat`;
      return {
        nodes: [node("Flatten", [from], flat), node("Gemm", [flat, ...names], to, { transB: 1 })],
        constants: [
          floats(names[0], weights.values, [outputs, weights.values.length / outputs]),
          floats(names[1], bias.values, [outputs]),
        ],
      };
    }
    case "max-pool":
      return {
        nodes: [node("MaxPool", [from], to, { kernel_shape: [2, 2], strides: [2, 2] })],
        constants: [],
      };
    case "relu":
      return { nodes: [node("Relu", [from], to)], constants: [] };
  }
}

function batchOf(
  name: string,
  shape: readonly number[],
): MessageInitShape<typeof ValueInfoProtoSchema> {
  const dim = [
    { value: { case: "dimParam" as const, value: "batch" } },
    ...shape.map((size) => ({ value: { case: "dimValue" as const, value: BigInt(size) } })),
  ];
  const value = { elemType: TensorProto_DataType.FLOAT, shape: { dim } };
  return { name, type: { value: { case: "tensorType" as const, value } } };
}
