import { describe, expect, test } from "vitest";
import type { TensorSpec } from "#backends/backend.ts";
import { checkInputs } from "#backends/onnx/inputs.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { refusal, tensor } from "../../../support/predict.ts";

const specs: readonly TensorSpec[] = [
  { name: "x", datatype: "FP32", shape: [-1, 2] },
  { name: "words", datatype: "BYTES", shape: [-1] },
];

const x = tensor("x", "FP32", [1, 2], [1, 2]);
const words = {
  name: "words",
  datatype: "BYTES",
  shape: [1],
  bytes: bytesFromTexts(["hi"]),
} as const;

describe("what fits", () => {
  test("is given back in the model's order", () => {
    expect(checkInputs([words, x], specs)).toEqual([x, words]);
  });
  test("may have any size where the model's is open, none too", () => {
    const none = tensor("x", "FP32", [0, 2], []);
    expect(checkInputs([none, words], specs)[0]).toEqual(none);
  });
  test("may have any shape where the model declares none", () => {
    const anything: TensorSpec[] = [{ name: "x", datatype: "FP32", shape: [] }];
    expect(checkInputs([x], anything)).toEqual([x]);
  });
});

describe("what does not fit is told by field, with what was expected and what came", () => {
  const rows = [
    {
      name: "missing",
      inputs: [words],
      message: 'inputs: input "x", FP32 [-1, 2], is missing',
      fields: ["inputs"],
    },
    {
      name: "unknown",
      inputs: [x, words, { ...x, name: "y" }],
      message: 'inputs[2].name: no input "y"; there is "x", "words"',
      fields: ["inputs[2].name"],
    },
    {
      name: "given twice",
      inputs: [x, words, x],
      message: 'inputs[2].name: input "x" comes more than once',
      fields: ["inputs[2].name"],
    },
    {
      name: "a text that the runtime would cut off",
      inputs: [x, { ...words, shape: [2], bytes: bytesFromTexts(["hi", "h\u0000i"]) }],
      message:
        'inputs[1]: "words": element 1 has the character NUL, which the runtime does not take',
      fields: ["inputs[1]"],
    },
    {
      name: "of another type",
      inputs: [tensor("x", "INT64", [1, 2], [1, 2]), words],
      message: 'inputs[0].datatype: "x" is FP32, not INT64',
      fields: ["inputs[0].datatype"],
    },
    {
      name: "of another rank",
      inputs: [tensor("x", "FP32", [2], [1, 2]), words],
      message: 'inputs[0].shape: "x" is FP32 [-1, 2], not [2]',
      fields: ["inputs[0].shape"],
    },
    {
      name: "of another size",
      inputs: [words, tensor("x", "FP32", [1, 3], [1, 2, 3])],
      message: 'inputs[1].shape: "x" is FP32 [-1, 2], not [1, 3]',
      fields: ["inputs[1].shape"],
    },
    {
      name: "with too few bytes",
      inputs: [{ ...x, bytes: x.bytes.subarray(4) }, words],
      message: 'inputs[0]: "x", FP32 [1, 2], has 4 bytes instead of 8',
      fields: ["inputs[0]"],
    },
    {
      name: "with a shape far beyond its bytes",
      inputs: [{ ...x, shape: [2_000_000_000, 2] }, words],
      message: 'inputs[0]: "x", FP32 [2000000000, 2], has 8 bytes instead of 16000000000',
      fields: ["inputs[0]"],
    },
    {
      name: "broken text",
      inputs: [x, { ...words, bytes: new Uint8Array([9, 0, 0, 0]) }],
      message: 'inputs[1]: "words": element 0 runs past the end',
      fields: ["inputs[1]"],
    },
    {
      name: "wrong in several places",
      inputs: [
        { ...x, name: "y" },
        { ...words, datatype: "FP32" as const },
      ],
      message:
        'inputs[0].name: no input "y"; there is "x", "words"; ' +
        'inputs[1].datatype: "words" is BYTES, not FP32; inputs: input "x", FP32 [-1, 2], is missing',
      fields: ["inputs[0].name", "inputs[1].datatype", "inputs"],
    },
  ];
  for (const { name, inputs, message, fields } of rows) {
    test(name, async () => {
      const checked = Promise.try(() => checkInputs(inputs, specs));
      expect(await refusal(checked)).toEqual({ reason: "TENSOR_INVALID", message, fields });
    });
  }
});
