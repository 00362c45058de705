import { expect, test } from "vitest";
import { elementCount, isDatatype } from "#core/tensor.ts";

test.each([
  [[], 1],
  [[3], 3],
  [[2, 3, 4], 24],
  [[5, 0], 0],
])("a shape of %j holds %i elements", (shape, count) => {
  expect(elementCount(shape)).toBe(count);
});

test("only names of the table are element types", () => {
  expect(["FP32", "BYTES", "fp32", "constructor", ""].map(isDatatype)).toEqual([
    true,
    true,
    false,
    false,
    false,
  ]);
});
