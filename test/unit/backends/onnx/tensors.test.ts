import { describe, expect, test } from "vitest";
import { ortParts, tensorFromOrt, tensorSpec } from "#backends/onnx/tensors.ts";
import type { Tensor } from "#core/tensor.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { bytesFromNumbers, type NumericDatatype } from "#inference/tensor-view.ts";

const rows = [
  { datatype: "BOOL", type: "bool", View: Uint8Array, numbers: [1, 0] },
  { datatype: "UINT8", type: "uint8", View: Uint8Array, numbers: [255, 0] },
  { datatype: "UINT16", type: "uint16", View: Uint16Array, numbers: [65535, 1] },
  { datatype: "UINT32", type: "uint32", View: Uint32Array, numbers: [2 ** 32 - 1, 1] },
  { datatype: "UINT64", type: "uint64", View: BigUint64Array, numbers: [2 ** 40, 1] },
  { datatype: "INT8", type: "int8", View: Int8Array, numbers: [-128, 1] },
  { datatype: "INT16", type: "int16", View: Int16Array, numbers: [-32768, 1] },
  { datatype: "INT32", type: "int32", View: Int32Array, numbers: [-5, 1] },
  { datatype: "INT64", type: "int64", View: BigInt64Array, numbers: [-(2 ** 40), 1] },
  { datatype: "FP16", type: "float16", View: Uint16Array, numbers: [1.5, -2] },
  { datatype: "FP32", type: "float32", View: Float32Array, numbers: [1.5, -2] },
  { datatype: "FP64", type: "float64", View: Float64Array, numbers: [0.1, -2] },
] as const;

describe("numbers", () => {
  for (const { datatype, type, View, numbers } of rows) {
    test(`${datatype} is ${type}, given as the array that the library wants, and back`, () => {
      const there: Tensor = { datatype, shape: [1, 2], bytes: bytesFromNumbers(datatype, numbers) };
      const parts = ortParts(there);
      expect(parts).toMatchObject({ type, dims: [1, 2] });
      expect(parts.data).toBeInstanceOf(View);
      expect(parts.data).toHaveLength(2);
      expect(tensorFromOrt("y", parts)).toEqual({ ...there, name: "y" });
    });
    test(`${datatype} may begin anywhere in its buffer`, () => {
      const bytes = bytesFromNumbers(datatype as NumericDatatype, numbers);
      const shifted = Buffer.alloc(bytes.length + 1);
      shifted.set(bytes, 1);
      const parts = ortParts({ datatype, shape: [2], bytes: shifted.subarray(1) });
      expect(tensorFromOrt("y", parts).bytes).toEqual(bytes);
    });
  }
  test("aligned elements are not copied on the way in, nor any on the way out", () => {
    const bytes = bytesFromNumbers("FP32", [1, 2]);
    const { data, ...parts } = ortParts({ datatype: "FP32", shape: [2], bytes });
    expect((data as Float32Array).buffer).toBe(bytes.buffer);
    expect(tensorFromOrt("y", { ...parts, data }).bytes.buffer).toBe(bytes.buffer);
  });
});

describe("texts", () => {
  test("are given as strings, and back", () => {
    const there: Tensor = { datatype: "BYTES", shape: [2], bytes: bytesFromTexts(["a", "öl"]) };
    expect(ortParts(there)).toEqual({ type: "string", data: ["a", "öl"], dims: [2] });
    expect(tensorFromOrt("y", ortParts(there))).toEqual({ ...there, name: "y" });
  });
  test("that are broken are refused", () => {
    const there: Tensor = { datatype: "BYTES", shape: [1], bytes: new Uint8Array([1]) };
    expect(() => ortParts(there)).toThrow("element 0 runs past the end");
  });
});

describe("descriptions", () => {
  test("named and nameless open sizes are -1", () => {
    const metadata = { name: "x", isTensor: true, type: "float32", shape: ["N", 3, ""] } as const;
    expect(tensorSpec(metadata)).toEqual({ name: "x", datatype: "FP32", shape: [-1, 3, -1] });
  });
  test("what is not a tensor cannot be served", () => {
    expect(() => tensorSpec({ name: "seq", isTensor: false })).toThrow('"seq" is not a tensor');
  });
  test("a type that no request can carry cannot be served", () => {
    const metadata = { name: "x", isTensor: true, type: "int4", shape: [1] } as const;
    expect(() => tensorSpec(metadata)).toThrow('"x" has elements of type int4');
  });
});
