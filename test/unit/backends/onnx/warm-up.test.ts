import { expect, test } from "vitest";
import { zeroInputs } from "#backends/onnx/warm-up.ts";

const rows = [
  {
    name: "an open first size is one row",
    specs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
    shapes: [[1, 2]],
    bytes: [8],
  },
  {
    name: "a fixed first size is kept",
    specs: [{ name: "x", datatype: "INT8", shape: [4, 2] }],
    shapes: [[4, 2]],
    bytes: [8],
  },
  {
    name: "a scalar is one zero",
    specs: [{ name: "x", datatype: "INT64", shape: [] }],
    shapes: [[]],
    bytes: [8],
  },
  {
    name: "texts are empty",
    specs: [{ name: "x", datatype: "BYTES", shape: [-1, 3] }],
    shapes: [[1, 3]],
    bytes: [12],
  },
  {
    name: "every input has its zeros",
    specs: [
      { name: "x", datatype: "FP16", shape: [-1] },
      { name: "y", datatype: "BOOL", shape: [2] },
    ],
    shapes: [[1], [2]],
    bytes: [2, 2],
  },
] as const;

for (const { name, specs, shapes, bytes } of rows) {
  test(name, () => {
    const zeros = zeroInputs(specs, undefined);
    expect(zeros?.map(({ shape }) => shape)).toEqual(shapes);
    expect(zeros?.map((zero) => zero.bytes.byteLength)).toEqual(bytes);
    expect(zeros?.every((zero) => zero.bytes.every((byte) => byte === 0))).toBe(true);
  });
}

test("an open size other than the first leaves nothing to try", () => {
  expect(
    zeroInputs([{ name: "x", datatype: "FP32", shape: [-1, 3, -1, -1] }], undefined),
  ).toBeUndefined();
});

test("the declared image settles open sizes", () => {
  const specs = [{ name: "x", datatype: "FP32", shape: [-1, 3, -1, -1] }];
  expect(zeroInputs(specs, [1, 3, 4, 5])?.[0]?.shape).toEqual([1, 3, 4, 5]);
});
