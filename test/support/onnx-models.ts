/** Tiny ONNX models with known answers, written as protobuf when a test needs them. */

import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProto_AttributeType,
  type AttributeProtoSchema,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataType,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from "onnx-buf";
import type { Datatype } from "#core/tensor.ts";
import { bytesFromNumbers, type NumericDatatype } from "#inference/tensor-view.ts";

type Node = MessageInitShape<typeof NodeProtoSchema>;
type ValueInfo = MessageInitShape<typeof ValueInfoProtoSchema>;
type Weights = MessageInitShape<typeof TensorProtoSchema>;
type Attribute = MessageInitShape<typeof AttributeProtoSchema>;

const elementTypes: Readonly<Record<Datatype, TensorProto_DataType>> = {
  BOOL: TensorProto_DataType.BOOL,
  UINT8: TensorProto_DataType.UINT8,
  UINT16: TensorProto_DataType.UINT16,
  UINT32: TensorProto_DataType.UINT32,
  UINT64: TensorProto_DataType.UINT64,
  INT8: TensorProto_DataType.INT8,
  INT16: TensorProto_DataType.INT16,
  INT32: TensorProto_DataType.INT32,
  INT64: TensorProto_DataType.INT64,
  FP16: TensorProto_DataType.FLOAT16,
  BF16: TensorProto_DataType.BFLOAT16,
  FP32: TensorProto_DataType.FLOAT,
  FP64: TensorProto_DataType.DOUBLE,
  BYTES: TensorProto_DataType.STRING,
};

/** An input or output; a text as size makes the dimension open. */
function value(name: string, datatype: Datatype, shape: readonly (number | string)[]): ValueInfo {
  const dim = shape.map((size) =>
    typeof size === "number"
      ? { value: { case: "dimValue" as const, value: BigInt(size) } }
      : { value: { case: "dimParam" as const, value: size } },
  );
  const tensorType = { elemType: elementTypes[datatype], shape: { dim } };
  return { name, type: { value: { case: "tensorType", value: tensorType } } };
}

/** A constant of the graph. */
function weights(
  name: string,
  datatype: NumericDatatype,
  shape: readonly number[],
  numbers: readonly number[],
): Weights {
  const rawData = bytesFromNumbers(datatype, numbers);
  return { name, dataType: elementTypes[datatype], dims: shape.map(BigInt), rawData };
}

/** An operator with its inputs and outputs by name. */
function node(
  opType: string,
  input: readonly string[],
  output: readonly string[],
  attribute: readonly Attribute[] = [],
): Node {
  return { opType, input: [...input], output: [...output], attribute: [...attribute] };
}

/** A whole-number attribute of an operator. */
function int(name: string, value: number): Attribute {
  return { name, type: AttributeProto_AttributeType.INT, i: BigInt(value) };
}

/** The parts of a graph. */
interface Graph {
  /** What the file says of itself. */
  readonly metadata?: Readonly<Record<string, string>>;
  readonly input: readonly ValueInfo[];
  readonly output: readonly ValueInfo[];
  readonly node: readonly Node[];
  readonly initializer?: readonly Weights[];
}

/** The bytes of a model.onnx. */
function onnxModel(graph: Graph): Uint8Array {
  const { input, output, node, initializer = [], metadata = {} } = graph;
  const model = create(ModelProtoSchema, {
    irVersion: 9n,
    producerName: "polygate tests",
    opsetImport: [{ domain: "", version: 17n }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    graph: {
      name: "test",
      input: [...input],
      output: [...output],
      node: [...node],
      initializer: [...initializer],
    },
  });
  return toBinary(ModelProtoSchema, model);
}

/** x FP32 [N, 2] → scores FP32 [N, 3]: x × [[1, 0, -1], [0, 1, 1]] + bias, softmax when asked for. */
export function gemm(
  options: {
    readonly softmax?: boolean;
    readonly bias?: number;
    readonly metadata?: Readonly<Record<string, string>>;
  } = {},
): Uint8Array {
  const { softmax = false, bias = 0, metadata = {} } = options;
  const nodes = [node("Gemm", ["x", "w", "b"], [softmax ? "logits" : "scores"])];
  if (softmax) nodes.push(node("Softmax", ["logits"], ["scores"], [int("axis", 1)]));
  return onnxModel({
    metadata,
    input: [value("x", "FP32", ["N", 2])],
    output: [value("scores", "FP32", ["N", 3])],
    node: nodes,
    initializer: [
      weights("w", "FP32", [2, 3], [1, 0, -1, 0, 1, 1]),
      weights("b", "FP32", [3], [bias, bias, bias]),
    ],
  });
}

/** Whole-number list attribute of an operator. */
function ints(name: string, values: readonly number[]): Attribute {
  return { name, type: AttributeProto_AttributeType.INTS, ints: values.map(BigInt) };
}

/** Numbers that look random and are the same each time, small around zero. */
function noise(count: number): number[] {
  return Array.from({ length: count }, (_, at) => Math.sin(at * 12.9898) / 16);
}

/**
 * x FP32 [N, 3, `side`, `side`] → scores FP32 [N, 10]: `depth` convolutions of 3 × 3 with `channels`
 * outputs, the mean of each, and a layer over those. Work worth measuring, of no other use.
 */
export function convolutions(side: number, channels: number, depth: number): Uint8Array {
  const layers = Array.from({ length: depth }, (_, at) => {
    const from = at === 0 ? 3 : channels;
    const attributes = [ints("kernel_shape", [3, 3]), ints("pads", [1, 1, 1, 1])];
    return {
      nodes: [
        node("Conv", [at === 0 ? "x" : `a${at - 1}`, `w${at}`], [`c${at}`], attributes),
        node("Relu", [`c${at}`], [`a${at}`]),
      ],
      weight: weights(`w${at}`, "FP32", [channels, from, 3, 3], noise(channels * from * 9)),
    };
  });
  return onnxModel({
    input: [value("x", "FP32", ["N", 3, side, side])],
    output: [value("scores", "FP32", ["N", 10])],
    node: [
      ...layers.flatMap(({ nodes }) => nodes),
      node("GlobalAveragePool", [`a${depth - 1}`], ["mean"]),
      node("Flatten", ["mean"], ["flat"]),
      node("Gemm", ["flat", "w"], ["scores"]),
    ],
    initializer: [
      ...layers.map(({ weight }) => weight),
      weights("w", "FP32", [channels, 10], noise(channels * 10)),
    ],
  });
}

/** x → y of any datatype and shape, unchanged. */
export function identity(datatype: Datatype, shape: readonly (number | string)[]): Uint8Array {
  return onnxModel({
    input: [value("x", datatype, shape)],
    output: [value("y", datatype, shape)],
    node: [node("Identity", ["x"], ["y"])],
  });
}

/** x → y of bfloat16, which the library's binding does not take. */
export function brainFloats(): Uint8Array {
  const tensorType = { elemType: TensorProto_DataType.BFLOAT16, shape: { dim: [] } };
  const type = { value: { case: "tensorType" as const, value: tensorType } };
  return onnxModel({
    input: [{ name: "x", type }],
    output: [{ name: "y", type }],
    node: [node("Identity", ["x"], ["y"])],
  });
}

/** answer FP32 [2], of no input. */
export function constant(): Uint8Array {
  return onnxModel({
    input: [],
    output: [value("answer", "FP32", [2])],
    node: [node("Identity", ["two"], ["answer"])],
    initializer: [weights("two", "FP32", [2], [4, 2])],
  });
}

/** a, b INT64 scalars → sum INT64 scalar. */
export function scalarSum(): Uint8Array {
  return onnxModel({
    input: [value("a", "INT64", []), value("b", "INT64", [])],
    output: [value("sum", "INT64", [])],
    node: [node("Add", ["a", "b"], ["sum"])],
  });
}

/** x UINT8 [1, 1, 2, 2] → ones of the same shape, x / x: fails where any is zero. */
export function quotient(): Uint8Array {
  return onnxModel({
    input: [value("x", "UINT8", [1, 1, 2, 2])],
    output: [value("ones", "UINT8", [1, 1, 2, 2])],
    node: [node("Div", ["x", "x"], ["ones"])],
  });
}

/** index INT64 [N] → row FP32 [N, 2] of a table of three rows; fails on any other index. */
export function gather(): Uint8Array {
  return onnxModel({
    input: [value("index", "INT64", ["N"])],
    output: [value("row", "FP32", ["N", 2])],
    node: [node("Gather", ["table", "index"], ["row"])],
    initializer: [weights("table", "FP32", [3, 2], [0, 1, 10, 11, 20, 21])],
  });
}

/** x FP32 [N, 2] → twice FP32 [2N, 2]: more rows come out than go in, so batches cannot be taken apart. */
export function doubler(): Uint8Array {
  return onnxModel({
    input: [value("x", "FP32", ["N", 2])],
    output: [value("twice", "FP32", ["M", 2])],
    node: [node("Concat", ["x", "x"], ["twice"], [int("axis", 0)])],
  });
}

/**
 * x FP32 [N, 1] → y FP32 [N, 1], unchanged, after as many products of two large matrices as
 * `rounds` says: about a millisecond each.
 */
export function slow(rounds: number): Uint8Array {
  const side = 512;
  const links = Array.from({ length: rounds }, (_, at) =>
    node("MatMul", [at === 0 ? "m0" : `p${at}`, "m0"], [`p${at + 1}`]),
  );
  return onnxModel({
    input: [value("x", "FP32", ["N", 1])],
    output: [value("y", "FP32", ["N", 1])],
    node: [
      // Made from the input, or it would be computed once, when the model is loaded.
      node("ReduceSum", ["x"], ["sum"], [int("keepdims", 0)]),
      node("Mul", ["sum", "zero"], ["nothing"]),
      node("Expand", ["nothing", "square"], ["m0"]),
      ...links,
      node("ReduceMax", [`p${rounds}`], ["peak"], [int("keepdims", 0)]),
      node("Add", ["x", "peak"], ["y"]),
    ],
    initializer: [weights("zero", "FP32", [], [0]), weights("square", "INT64", [2], [side, side])],
  });
}

/** What each token of `wordTokenizer` is in `wordVectors`, by its number. */
const wordTable: readonly (readonly [number, number])[] = [
  [90, 90],
  [0, 0],
  [1, 0],
  [0, 1],
  [3, 4],
  [6, 8],
  [0, 2],
];

/** input_ids, attention_mask INT64 [texts, tokens] → hidden FP32 [texts, tokens, 2]: a row of `wordTable` a token. */
export function wordVectors(): Uint8Array {
  const ids = (name: string) => value(name, "INT64", ["texts", "tokens"]);
  return onnxModel({
    input: [ids("input_ids"), ids("attention_mask")],
    output: [value("hidden", "FP32", ["texts", "tokens", 2])],
    node: [node("Gather", ["table", "input_ids"], ["hidden"])],
    initializer: [weights("table", "FP32", [wordTable.length, 2], wordTable.flat())],
  });
}

/** input_ids INT64 [texts, tokens] → scores FP32 [texts, 2]: sums of rows of `wordTable`. */
export function wordScores(): Uint8Array {
  return onnxModel({
    input: [value("input_ids", "INT64", ["texts", "tokens"])],
    output: [value("scores", "FP32", ["texts", 2])],
    node: [
      node("Gather", ["table", "input_ids"], ["hidden"]),
      node("ReduceSum", ["hidden", "axes"], ["scores"], [int("keepdims", 0)]),
    ],
    initializer: [
      weights("table", "FP32", [wordTable.length, 2], wordTable.flat()),
      weights("axes", "INT64", [1], [1]),
    ],
  });
}

/** A tokenizer.json of few words: [CLS] and [SEP] around a text, `cat`, `dog`, and `##s` behind them. */
export const wordTokenizer = JSON.stringify({
  version: "1.0",
  truncation: null,
  padding: null,
  added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map((content, id) => ({
    ...{ id, content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  })),
  normalizer: {
    ...{ type: "BertNormalizer", clean_text: true, handle_chinese_chars: true },
    ...{ strip_accents: null, lowercase: true },
  },
  pre_tokenizer: { type: "BertPreTokenizer" },
  post_processor: {
    type: "TemplateProcessing",
    single: [
      { SpecialToken: { id: "[CLS]", type_id: 0 } },
      { Sequence: { id: "A", type_id: 0 } },
      { SpecialToken: { id: "[SEP]", type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
      "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
    },
  },
  decoder: { type: "WordPiece", prefix: "##", cleanup: true },
  model: {
    ...{ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##" },
    max_input_chars_per_word: 100,
    vocab: { "[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, cat: 4, dog: 5, "##s": 6 },
  },
});
