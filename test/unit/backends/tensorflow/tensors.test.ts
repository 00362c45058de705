/** TensorFlow's tensors, both ways: every element type, as bytes and as lists, as the library writes them. */

import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { datatypeOf } from "#backends/tensorflow/datatypes.ts";
import { readPredictResponse } from "#backends/tensorflow/response-reader.ts";
import { tensorProtoOf } from "#backends/tensorflow/tensor-writer.ts";
import { type Datatype, datatypeBytes, type NamedTensor } from "#core/tensor.ts";
import { TensorProtoSchema } from "#gen/tensorflow/core/framework/tensor_pb.js";
import { DataType } from "#gen/tensorflow/core/framework/types_pb.js";
import { PredictResponseSchema } from "#gen/tensorflow_serving/apis/predict_pb.js";
import { bytesFromTexts, textsOf } from "#inference/tensor-text.ts";
import { bytesFromNumbers, elementsOf, numbersOf } from "#inference/tensor-view.ts";

type Proto = Exclude<MessageInitShape<typeof TensorProtoSchema>, { $typeName: string }>;

const shapeOf = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: BigInt(size) })) });

/** The bytes of a response with one output. */
function responseWith(y: MessageInitShape<typeof TensorProtoSchema>): Uint8Array {
  return toBinary(PredictResponseSchema, create(PredictResponseSchema, { outputs: { y } }));
}

function read(y: MessageInitShape<typeof TensorProtoSchema>): NamedTensor {
  const [output] = readPredictResponse(responseWith(y)).outputs;
  if (output === undefined) throw new Error("no output");
  return output;
}

/** The 16 bits of each element. */
const halves = (datatype: "FP16" | "BF16", numbers: readonly number[]) =>
  Array.from(new Uint16Array(bytesFromNumbers(datatype, numbers).buffer));

/** Each type with elements that go to its bounds, and the list that they are in. */
const cases: readonly (readonly [
  DataType,
  Datatype,
  readonly number[],
  (numbers: readonly number[]) => Proto,
])[] = [
  [DataType.DT_FLOAT, "FP32", [1.5, -0.25, 2 ** 127], (floatVal) => ({ floatVal: [...floatVal] })],
  [DataType.DT_DOUBLE, "FP64", [Math.PI, -1e300], (doubleVal) => ({ doubleVal: [...doubleVal] })],
  [
    DataType.DT_INT32,
    "INT32",
    [1, -1, -(2 ** 31), 2 ** 31 - 1],
    (intVal) => ({ intVal: [...intVal] }),
  ],
  [DataType.DT_INT16, "INT16", [1, -1, -32_768, 32_767], (intVal) => ({ intVal: [...intVal] })],
  [DataType.DT_INT8, "INT8", [1, -1, -128, 127], (intVal) => ({ intVal: [...intVal] })],
  [DataType.DT_UINT16, "UINT16", [0, 65_535], (intVal) => ({ intVal: [...intVal] })],
  [DataType.DT_UINT8, "UINT8", [0, 255], (intVal) => ({ intVal: [...intVal] })],
  [DataType.DT_UINT32, "UINT32", [0, 2 ** 32 - 1], (uint32Val) => ({ uint32Val: [...uint32Val] })],
  [
    DataType.DT_INT64,
    "INT64",
    [-1, 2 ** 53 - 1, -(2 ** 53 - 1)],
    (numbers) => ({ int64Val: numbers.map(BigInt) }),
  ],
  [
    DataType.DT_UINT64,
    "UINT64",
    [1, 2 ** 53 - 1],
    (numbers) => ({ uint64Val: numbers.map(BigInt) }),
  ],
  [DataType.DT_BOOL, "BOOL", [0, 1, 1], (numbers) => ({ boolVal: numbers.map(Boolean) })],
  [
    DataType.DT_HALF,
    "FP16",
    [1.5, -2, 65_504],
    (numbers) => ({ halfVal: halves("FP16", numbers) }),
  ],
  [
    DataType.DT_BFLOAT16,
    "BF16",
    [1.5, -2, 2 ** 100],
    (numbers) => ({ halfVal: halves("BF16", numbers) }),
  ],
];

describe.each(cases)("%i", (dtype, datatype, numbers, listed) => {
  const head = { dtype, tensorShape: shapeOf(numbers.length) };

  test(`a list is read as ${datatype}`, () => {
    const output = read({ ...head, ...listed(numbers) });
    expect(output).toMatchObject({ name: "y", datatype, shape: [numbers.length] });
    expect(numbersOf(output)).toEqual(numbers);
  });

  test("what is sent is its bytes, and reads back as the same", () => {
    if (datatype === "BYTES") throw new Error("texts have no bytes of their own");
    const bytes = bytesFromNumbers(datatype, numbers);
    const proto = tensorProtoOf({ name: "x", datatype, shape: [numbers.length], bytes });
    expect(proto).toEqual({ ...head, tensorContent: bytes });
    expect(numbersOf(read(proto))).toEqual(numbers);
  });

  test("the last of a list stands for all that are missing", () => {
    const [first = 0, second = 0] = numbers;
    const output = read({ dtype, tensorShape: shapeOf(2, 3), ...listed([first, second]) });
    expect(numbersOf(output)).toEqual([first, second, second, second, second, second]);
  });

  test("an empty list is all zeros", () => {
    expect(numbersOf(read({ dtype, tensorShape: shapeOf(3) }))).toEqual([0, 0, 0]);
  });

  test("what a list has beyond the shape is left", () => {
    const output = read({ dtype, tensorShape: shapeOf(1), ...listed(numbers) });
    expect(numbersOf(output)).toEqual(numbers.slice(0, 1));
  });

  test("a scalar has no sizes, an empty tensor one of 0", () => {
    const [first = 0] = numbers;
    expect(read({ dtype, ...listed([first]) })).toMatchObject({ shape: [] });
    expect(numbersOf(read({ dtype, ...listed([first]) }))).toEqual([first]);
    expect(read({ dtype, tensorShape: shapeOf(0, 4) })).toMatchObject({ shape: [0, 4] });
    expect(read({ dtype, tensorShape: shapeOf(0, 4) }).bytes).toHaveLength(0);
  });
});

describe("strings", () => {
  const dtype = DataType.DT_STRING;
  const encoder = new TextEncoder();
  const list = (...texts: string[]) => texts.map((text) => encoder.encode(text));

  test("go one by one and come back with their lengths", () => {
    const bytes = bytesFromTexts(["a", "", "Größe"]);
    const proto = tensorProtoOf({ name: "x", datatype: "BYTES", shape: [3], bytes });
    expect(proto).toEqual({ dtype, tensorShape: shapeOf(3), stringVal: list("a", "", "Größe") });
    expect(textsOf(read(proto))).toEqual({ ok: true, texts: ["a", "", "Größe"] });
  });

  test("are bytes, UTF-8 or not", () => {
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff, 0);
    const { bytes } = read({ dtype, tensorShape: shapeOf(1), stringVal: [jpeg] });
    expect([...bytes]).toEqual([4, 0, 0, 0, 0xff, 0xd8, 0xff, 0]);
  });

  test("follow the same rule: the last stands for the rest, none for empty ones", () => {
    const some = read({ dtype, tensorShape: shapeOf(3), stringVal: list("a", "b") });
    expect(textsOf(some)).toEqual({ ok: true, texts: ["a", "b", "b"] });
    expect(textsOf(read({ dtype, tensorShape: shapeOf(2) }))).toEqual({
      ok: true,
      texts: ["", ""],
    });
  });

  test.each([
    ["fewer than the shape has", [2], bytesFromTexts(["a"])],
    ["more than the shape has", [1], bytesFromTexts(["a", "b"])],
    ["cut off", [1], bytesFromTexts(["abc"]).subarray(0, 6)],
  ])("that are %s are refused before anything is sent", (_, shape, bytes) => {
    const tensor = { name: "x", datatype: "BYTES" as const, shape, bytes };
    expect(() => tensorProtoOf(tensor)).toThrow(/"x": its bytes are not \d elements/);
  });
});

test("floats are views of the message: 150,000 of them are not touched", () => {
  const numbers = Array.from({ length: 150_528 }, (_, index) => index / 7);
  const head = { dtype: DataType.DT_FLOAT, tensorShape: shapeOf(1, 3, 224, 224) };
  const content = new Uint8Array(Float32Array.from(numbers).buffer);
  for (const proto of [
    { ...head, floatVal: numbers },
    { ...head, tensorContent: content },
  ]) {
    const message = responseWith(proto);
    const [output] = readPredictResponse(message).outputs;
    expect(output?.bytes.buffer).toBe(message.buffer);
    expect(output && elementsOf(output)).toEqual(Float32Array.from(numbers));
  }
});

test("bytes that are there as well as a list win", () => {
  const output = read({
    dtype: DataType.DT_INT32,
    tensorShape: shapeOf(1),
    tensorContent: Uint8Array.of(7, 0, 0, 0),
    intVal: [9],
  });
  expect(numbersOf(output)).toEqual([7]);
});

test("a list that is not packed, and one in several pieces, are read all the same", () => {
  const { source, add } = wire();
  add(0x08, DataType.DT_FLOAT);
  add(0x12, 4, 0x12, 2, 0x08, 3); // one dimension of 3
  add(0x2d, ...float(1)); // an element of its own
  add(0x2a, 8, ...float(2), ...float(3)); // a piece of two
  expect(numbersOf(read(fromBinary(TensorProtoSchema, source())))).toEqual([1, 2, 3]);
  expect(numbersOf(readRaw(source()))).toEqual([1, 2, 3]);
  const whole = wire();
  whole.add(0x08, DataType.DT_INT32);
  whole.add(0x12, 4, 0x12, 2, 0x08, 3);
  whole.add(0x38, 5, 0x3a, 2, 6, 7); // 5 alone, then 6 and 7
  expect(numbersOf(readRaw(whole.source()))).toEqual([5, 6, 7]);
});

test.each<[string, Proto, RegExp]>([
  [
    "bytes of another size",
    { dtype: DataType.DT_FLOAT, tensorShape: shapeOf(2), tensorContent: new Uint8Array(4) },
    /another size/,
  ],
  [
    "a shape that nobody knows",
    { dtype: DataType.DT_FLOAT, tensorShape: { unknownRank: true } },
    /not known/,
  ],
  ["a size below 0", { dtype: DataType.DT_FLOAT, tensorShape: shapeOf(-1) }, /no tensor has/],
  [
    "one number for four thousand million elements",
    { dtype: DataType.DT_INT8, tensorShape: shapeOf(65_536, 65_536), intVal: [1] },
    /too large/,
  ],
  [
    "one text for as many",
    {
      dtype: DataType.DT_STRING,
      tensorShape: shapeOf(65_536, 65_536),
      stringVal: [Uint8Array.of(1)],
    },
    /too large/,
  ],
  [
    "a type that has no datatype",
    { dtype: DataType.DT_COMPLEX64, tensorShape: shapeOf(1) },
    /DT_COMPLEX64/,
  ],
  ["no type at all", { tensorShape: shapeOf(1) }, /DT_INVALID/],
])("%s is refused by name", (_, proto, expected) => {
  expect(() => read(proto)).toThrow(expected);
});

test("whatever is read agrees with the library, and what is no message throws", () => {
  const tensors = fc.record({
    dtype: fc.constantFrom(...cases.map(([dtype]) => dtype)),
    size: fc.integer({ min: 0, max: 5 }),
    values: fc.array(fc.integer({ min: 0, max: 127 }), { maxLength: 6 }),
    cut: fc.nat(),
  });
  fc.assert(
    fc.property(tensors, ({ dtype, size, values, cut }) => {
      const [, datatype, , listed] = cases.find(([one]) => one === dtype) ?? cases[0]!;
      const message = responseWith({ dtype, tensorShape: shapeOf(size), ...listed(values) });
      const [output] = readPredictResponse(message).outputs;
      const wanted = Array.from({ length: size }, (_, at) => values[at] ?? values.at(-1) ?? 0);
      const bits = datatype === "BOOL" ? wanted.map((value) => Number(value > 0)) : wanted;
      expect(output && numbersOf(output)).toEqual(bits);
      const part = message.subarray(0, cut % message.length);
      try {
        for (const one of readPredictResponse(part).outputs) {
          const { datatype: type, bytes, shape } = one;
          const count = shape.reduce((product, dimension) => product * dimension, 1);
          expect(bytes).toHaveLength(count * datatypeBytes[type]);
        }
      } catch (thrown) {
        expect(thrown).toBeInstanceOf(Error);
      }
    }),
  );
});

test("every type that has a datatype has it both ways", () => {
  for (const [dtype, datatype] of cases) expect(datatypeOf(dtype)).toBe(datatype);
  expect(datatypeOf(DataType.DT_RESOURCE)).toBeUndefined();
});

/** Bytes of a message, field by field. */
function wire() {
  const bytes: number[] = [];
  return { source: () => Uint8Array.from(bytes), add: (...more: number[]) => bytes.push(...more) };
}

function float(value: number): number[] {
  return [...new Uint8Array(Float32Array.of(value).buffer)];
}

/** A response whose one output has these bytes. */
function readRaw(tensor: Uint8Array): NamedTensor {
  const entry = [0x0a, 1, 0x79, 0x12, tensor.length, ...tensor];
  const [output] = readPredictResponse(Uint8Array.of(0x0a, entry.length, ...entry)).outputs;
  if (output === undefined) throw new Error("no output");
  return output;
}
