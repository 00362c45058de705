import { describe, expect, test } from "vitest";
import type { Tensor } from "#core/tensor.ts";
import { type fault, reasonOf } from "#errors/fault.ts";
import {
  bytesFromNumbers,
  elementsOf,
  float32Elements,
  isFiniteTensor,
  isHeldBy,
  type NumericDatatype,
  numbersOf,
} from "#inference/tensor-view.ts";

const samples: Readonly<Record<NumericDatatype, readonly number[]>> = {
  BOOL: [0, 1, 1],
  UINT8: [0, 128, 255],
  UINT16: [0, 32768, 65535],
  UINT32: [0, 2 ** 31, 2 ** 32 - 1],
  UINT64: [0, 2 ** 40, Number.MAX_SAFE_INTEGER],
  INT8: [-128, 0, 127],
  INT16: [-32768, 0, 32767],
  INT32: [-(2 ** 31), 0, 2 ** 31 - 1],
  INT64: [Number.MIN_SAFE_INTEGER, -1, Number.MAX_SAFE_INTEGER],
  FP16: [-65504, 0.5, 6.103515625e-5],
  BF16: [-(2 ** 100), 0.5, 2 ** -126],
  FP32: [-1.5, 0, 2 ** 100],
  FP64: [-1e300, 0.1, Number.MAX_VALUE],
};

function tensor(datatype: NumericDatatype, numbers: readonly number[]): Tensor {
  return { datatype, shape: [numbers.length], bytes: bytesFromNumbers(datatype, numbers) };
}

/** The same tensor, its bytes one byte into a larger Node buffer. */
function unaligned(aligned: Tensor): Tensor {
  const buffer = Buffer.alloc(aligned.bytes.length + 1);
  buffer.set(aligned.bytes, 1);
  return { ...aligned, bytes: buffer.subarray(1) };
}

describe("numbers", () => {
  for (const [datatype, numbers] of Object.entries(samples) as [NumericDatatype, number[]][]) {
    test(`${datatype} elements come back as they went in, aligned or not`, () => {
      const there = tensor(datatype, numbers);
      expect(numbersOf(there)).toEqual(numbers);
      expect(numbersOf(unaligned(there))).toEqual(numbers);
    });
    test(`${datatype} elements become single floats, aligned or not`, () => {
      const floats = numbers.map(Math.fround);
      expect([...float32Elements(tensor(datatype, numbers))]).toEqual(floats);
      expect([...float32Elements(unaligned(tensor(datatype, numbers)))]).toEqual(floats);
    });
  }

  test("bytes are little-endian", () => {
    expect([...bytesFromNumbers("FP32", [1])]).toEqual([0, 0, 0x80, 0x3f]);
    expect([...bytesFromNumbers("FP16", [1])]).toEqual([0, 0x3c]);
    expect([...bytesFromNumbers("INT64", [-2])]).toEqual([0xfe, ...Array(7).fill(0xff)]);
  });
});

describe("views", () => {
  test("aligned elements share the tensor's memory", () => {
    const there = tensor("FP32", [1, 2]);
    expect(elementsOf(there).buffer).toBe(there.bytes.buffer);
    expect(float32Elements(there).buffer).toBe(there.bytes.buffer);
  });
  test("a tensor of texts has no numbers", () => {
    const texts: Tensor = { datatype: "BYTES", shape: [0], bytes: new Uint8Array() };
    const thrown = (() => {
      try {
        return numbersOf(texts);
      } catch (error) {
        return error;
      }
    })();
    expect(reasonOf(thrown as ReturnType<typeof fault>)).toBe("TENSOR_INVALID");
  });
});

describe("isHeldBy", () => {
  const rows = [
    { name: "a fraction is no whole number", datatype: "INT32", value: 0.5, held: false },
    { name: "one above the range is refused", datatype: "UINT8", value: 256, held: false },
    { name: "one below the range is refused", datatype: "INT8", value: -129, held: false },
    { name: "NaN is no whole number", datatype: "UINT16", value: Number.NaN, held: false },
    {
      name: "a 64-bit number that is not exact is refused",
      datatype: "INT64",
      value: 2 ** 53,
      held: false,
    },
    { name: "an unsigned number is not negative", datatype: "UINT64", value: -1, held: false },
    { name: "BOOL is 0 or 1", datatype: "BOOL", value: 2, held: false },
    { name: "a fraction is rounded to a half float", datatype: "FP16", value: 0.1, held: true },
    {
      name: "what rounds to the greatest half float is held",
      datatype: "FP16",
      value: 65519,
      held: true,
    },
    { name: "what rounds to infinity is not", datatype: "FP16", value: 65520, held: false },
    {
      name: "a double beyond single floats is refused",
      datatype: "FP32",
      value: 1e39,
      held: false,
    },
    { name: "infinity is a float", datatype: "FP32", value: Number.POSITIVE_INFINITY, held: true },
    { name: "NaN is a float", datatype: "FP64", value: Number.NaN, held: true },
  ] as const;
  for (const { name, datatype, value, held } of rows) {
    test(name, () => expect(isHeldBy(datatype, value)).toBe(held));
  }
});

describe("finite", () => {
  const rows = [
    { name: "numbers are", finite: true, given: tensor("FP64", [1e308, -1]) },
    { name: "NaN is not", finite: false, given: tensor("FP32", [0, NaN]) },
    { name: "infinity is not", finite: false, given: tensor("FP16", [-Infinity, 0]) },
    { name: "whole numbers always are", finite: true, given: tensor("INT64", [2 ** 52]) },
    {
      name: "unaligned elements are read as well",
      finite: false,
      given: unaligned(tensor("FP32", [NaN])),
    },
    {
      name: "texts are",
      finite: true,
      given: { datatype: "BYTES", shape: [1], bytes: Uint8Array.of(1, 0, 0, 0, 65) } as const,
    },
  ];
  test.each(rows)("$name", ({ finite, given }) => {
    expect(isFiniteTensor(given)).toBe(finite);
  });
});
