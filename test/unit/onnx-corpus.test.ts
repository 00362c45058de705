/** What `npm run corpus` reads and compares: elements in each of ONNX's forms, and how far an answer may be off. */

import { create } from "@bufbuild/protobuf";
import { TensorProto_DataType as OnnxType, TensorProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import type { NamedTensor } from "#core/tensor.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { bytesFromNumbers, type NumericDatatype } from "#inference/tensor-view.ts";
import { corpusExample, corpusFiles, corpusModel, tensorFrom } from "../support/onnx-corpus.ts";
import { identity } from "../support/onnx-models.ts";
import { tensor } from "../support/predict.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { cancelling, differenceOf, kindDifference } from "../support/tensor-agreement.ts";

const half = (value: number) => new Uint16Array(Float16Array.of(value).buffer)[0] ?? 0;

describe("a tensor of a file", () => {
  test.each([
    ["FP32", { dataType: OnnxType.FLOAT, floatData: [1, -2.5] }, [1, -2.5]],
    ["FP64", { dataType: OnnxType.DOUBLE, doubleData: [1, -2.5] }, [1, -2.5]],
    ["INT64", { dataType: OnnxType.INT64, int64Data: [1n, -2n] }, [1, -2]],
    ["UINT64", { dataType: OnnxType.UINT64, uint64Data: [1n, 2n] }, [1, 2]],
    ["UINT32", { dataType: OnnxType.UINT32, uint64Data: [1n, 4294967295n] }, [1, 4294967295]],
    ["INT32", { dataType: OnnxType.INT32, int32Data: [1, -2] }, [1, -2]],
    ["INT16", { dataType: OnnxType.INT16, int32Data: [1, -2] }, [1, -2]],
    ["UINT16", { dataType: OnnxType.UINT16, int32Data: [1, 65535] }, [1, 65535]],
    ["INT8", { dataType: OnnxType.INT8, int32Data: [1, -2] }, [1, -2]],
    ["UINT8", { dataType: OnnxType.UINT8, int32Data: [1, 255] }, [1, 255]],
    ["BOOL", { dataType: OnnxType.BOOL, int32Data: [1, 0] }, [1, 0]],
    ["FP16", { dataType: OnnxType.FLOAT16, int32Data: [half(1.5), half(-2)] }, [1.5, -2]],
    ["BF16", { dataType: OnnxType.BFLOAT16, int32Data: [0x3f80, 0xc000] }, [1, -2]],
  ] as const)(
    "of %s has its elements in the list of its type, or raw",
    (datatype, fields, numbers) => {
      const expected = tensor("x", datatype, [2], numbers);
      const { dataType } = fields;
      const listed = create(TensorProtoSchema, {
        dims: [2n],
        ...structuredClone(fields),
      } as object);
      expect(tensorFrom(listed, "x")).toEqual(expected);
      const raw = create(TensorProtoSchema, {
        dims: [2n],
        dataType,
        rawData: new Uint8Array(expected.bytes),
      });
      expect(tensorFrom(raw, "x")).toEqual(expected);
    },
  );

  test("of texts has each with its length in front", () => {
    const stringData = ["a", "", "bc"].map((text) => Uint8Array.from(Buffer.from(text)));
    const proto = create(TensorProtoSchema, { dataType: OnnxType.STRING, dims: [3n], stringData });
    expect(tensorFrom(proto, "x")).toEqual({
      name: "x",
      datatype: "BYTES",
      shape: [3],
      bytes: bytesFromTexts(["a", "", "bc"]),
    });
  });

  test("of a type that the protocol has not is refused", () => {
    const proto = create(TensorProtoSchema, { dataType: OnnxType.COMPLEX64 });
    expect(() => tensorFrom(proto, "x")).toThrow('"x" is a tensor of 14');
  });
});

test("models lie anywhere below the folder, named by where they lie", async () => {
  await using folder = await temporaryFolder();
  await folder.write("node/test_b/model.onnx", identity("INT8", ["N"]));
  await folder.write("a/model.onnx", identity("BYTES", []));
  await folder.write("a/other.onnx", "");
  await folder.write("real/test_data_set_0/input_0.pb", "");
  const models = corpusFiles(folder.path).map((file) => corpusModel(folder.path, file));
  expect(models.map(({ name }) => name)).toEqual(["a", "node.test_b"]);
  expect(models[1]?.inputs).toEqual([{ name: "x", datatype: "INT8", type: "tensor of INT8" }]);
  expect(models[1]?.examples).toEqual([]);
  const [model] = models;
  expect(() => model && corpusExample(folder.path, model)).toThrow("input_0.pb");
});

describe("an answer", () => {
  const one = (datatype: NumericDatatype, ...numbers: number[]) => [
    tensor("y", datatype, [numbers.length], numbers),
  ];
  const texts = (...list: string[]): NamedTensor[] => [
    { name: "y", datatype: "BYTES", shape: [list.length], bytes: bytesFromTexts(list) },
  ];

  test("may be off by a thousandth of what is expected, and no more", () => {
    expect(differenceOf(one("FP32", 1000.9), one("FP32", 1000))).toBeUndefined();
    expect(differenceOf(one("FP32", 1002), one("FP32", 1000))).toBe('"y" [0] is 1002, not 1000');
    expect(differenceOf(one("FP64", 5e-8, 7), one("FP64", 0, 7))).toBeUndefined();
    expect(differenceOf(one("FP64", 7, 1e-6), one("FP64", 7, 0))).toBe(
      '"y" [1] is 0.000001, not 0',
    );
    expect(differenceOf(one("FP16", 2), one("FP16", 1))).toBe('"y" [0] is 2, not 1');
  });

  test("of numbers that cancel out may be off by a millionth of the greatest", () => {
    expect(differenceOf(one("FP32", 500, 4e-4), one("FP32", 500, 0), cancelling)).toBeUndefined();
    expect(differenceOf(one("FP32", 500, 6e-4), one("FP32", 500, 0), cancelling)).toMatch(/\[1\]/);
  });

  test("is NaN or infinite where that is expected, and nowhere else", () => {
    expect(differenceOf(one("FP32", NaN, -Infinity), one("FP32", NaN, -Infinity))).toBeUndefined();
    for (const [given, expected] of [
      [NaN, 1],
      [1, NaN],
      [Infinity, 1],
      [1, Infinity],
      [-Infinity, Infinity],
    ] as const) {
      expect(differenceOf(one("FP32", given), one("FP32", expected))).toMatch(/^"y" \[0\]/);
    }
  });

  test("of whole numbers and texts is exact", () => {
    expect(differenceOf(one("INT64", 1_000_001), one("INT64", 1_000_000))).toMatch(/1000001, not/);
    expect(differenceOf(one("BOOL", 1), one("BOOL", 0))).toBe('"y" [0] is 1, not 0');
    expect(differenceOf(texts("a", "b"), texts("a", "b"))).toBeUndefined();
    expect(differenceOf(texts("ab", ""), texts("a", "b"))).toBe('"y" has other texts');
  });

  test("has the names, datatypes, shapes and sizes that are expected", () => {
    const expected = one("FP32", 1, 2);
    expect(kindDifference(one("FP32", 3, 4), expected)).toBeUndefined();
    expect(kindDifference([], expected)).toBe("gave , not y");
    expect(kindDifference(one("FP64", 1, 2), expected)).toBe('"y" is FP64 [2], not FP32 [2]');
    expect(differenceOf(one("FP32", 1), expected)).toBe('"y" is FP32 [1], not FP32 [2]');
    const short = { ...tensor("y", "FP32", [2], []), bytes: bytesFromNumbers("FP32", [1]) };
    expect(differenceOf([short], expected)).toBe('"y" has 4 bytes, not 8');
  });
});
