import { describe, expect, test } from "vitest";
import { isBatchable, joinRows, rowsOf, splitRows } from "#backends/onnx/rows.ts";
import { plain, tensor } from "../../../support/predict.ts";

describe("which models take batches", () => {
  const rows = [
    {
      name: "an open first dimension everywhere",
      specs: [
        ["FP32", [-1, 2]],
        ["INT64", [-1]],
      ],
      yes: true,
    },
    {
      name: "not a fixed first dimension",
      specs: [
        ["FP32", [-1, 2]],
        ["FP32", [1, 2]],
      ],
      yes: false,
    },
    { name: "not a scalar", specs: [["FP32", []]], yes: false },
    { name: "not texts, whose rows have no fixed width", specs: [["BYTES", [-1]]], yes: false },
  ] as const;
  for (const { name, specs, yes } of rows) {
    test(name, () => {
      const described = specs.map(([datatype, shape], at) => ({ name: `${at}`, datatype, shape }));
      expect(isBatchable(described)).toBe(yes);
    });
  }
});

describe("what is alike", () => {
  test("differs in the number of rows only", () => {
    const one = rowsOf([tensor("x", "FP32", [1, 2], [1, 2]), tensor("y", "FP32", [1], [1])]);
    const three = rowsOf([
      tensor("x", "FP32", [3, 2], [1, 2, 3, 4, 5, 6]),
      tensor("y", "FP32", [3], [1, 2, 3]),
    ]);
    expect([one?.count, three?.count]).toEqual([1, 3]);
    expect(one?.likeness).toBe(three?.likeness);
  });
  test("has the same sizes in the same inputs", () => {
    const wide = rowsOf([tensor("x", "FP32", [1, 2], [1, 2]), tensor("y", "FP32", [1], [1])]);
    const swapped = rowsOf([tensor("x", "FP32", [1], [1]), tensor("y", "FP32", [1, 2], [1, 2])]);
    expect(wide?.likeness).not.toBe(swapped?.likeness);
  });
  test("has rows, as many in every input", () => {
    expect(rowsOf([tensor("x", "FP32", [0, 2], [])])).toBeUndefined();
    expect(rowsOf([tensor("x", "FP32", [], [1])])).toBeUndefined();
    expect(
      rowsOf([tensor("x", "FP32", [1], [1]), tensor("y", "FP32", [2], [1, 2])]),
    ).toBeUndefined();
    expect(rowsOf([])).toBeUndefined();
  });
});

describe("together and apart", () => {
  const a = [tensor("x", "FP32", [1, 2], [1, 2]), tensor("y", "UINT8", [1], [7])];
  const b = [tensor("x", "FP32", [2, 2], [3, 4, 5, 6]), tensor("y", "UINT8", [2], [8, 9])];

  test("rows follow each other, input by input", () => {
    expect(plain(joinRows([a, b]))).toEqual([
      { name: "x", shape: [3, 2], numbers: [1, 2, 3, 4, 5, 6] },
      { name: "y", shape: [3], numbers: [7, 8, 9] },
    ]);
  });
  test("what was joined comes apart as it was", () => {
    expect(splitRows(joinRows([a, b]), [1, 2])?.map(plain)).toEqual([plain(a), plain(b)]);
  });
  test("joined memory is fresh and wholly its own, even for one", () => {
    const buffer = Buffer.from("....abcd").subarray(4);
    const [joined] = joinRows([[{ name: "x", datatype: "UINT8", shape: [4], bytes: buffer }]]);
    expect(joined?.bytes.buffer).not.toBe(buffer.buffer);
    expect(joined?.bytes.buffer.byteLength).toBe(4);
    expect(joined?.shape).toEqual([4]);
  });
  test("a scalar alone keeps its shape", () => {
    expect(plain(joinRows([[tensor("x", "INT64", [], [5])]]))).toEqual([
      { name: "x", shape: [], numbers: [5] },
    ]);
  });
  test("other rows than went in cannot be taken apart", () => {
    expect(splitRows([tensor("y", "FP32", [4], [1, 2, 3, 4])], [1, 2])).toBeUndefined();
    expect(splitRows([tensor("y", "FP32", [], [1])], [1, 2])).toBeUndefined();
  });
});
