import { describe, expect, test } from "vitest";
import type { SessionSignature } from "#backends/onnx/messages.ts";
import { type ModelYaml, plainSpec } from "#backends/onnx/model-yaml.ts";
import { signatureProblems } from "#backends/onnx/signature-check.ts";
import type { ImageInput, ModelSpec } from "#inference/model-spec.ts";

const image: ImageInput = {
  width: 8,
  height: 4,
  color: "rgb",
  layout: "NCHW",
  datatype: "FP32",
  fit: "stretch",
  pad: 0,
  invert: "never",
  mean: [0, 0, 0],
  std: [1, 1, 1],
};
const classifier: ModelSpec = {
  ...plainSpec,
  image,
  labels: ["a", "b"],
  meaning: { kind: "classification", output: "y", scores: "logits" },
};
const detector: ModelSpec = {
  ...classifier,
  meaning: {
    kind: "detection",
    head: "yolo",
    output: "y",
    scoreThreshold: 0.5,
    iouThreshold: 0.5,
  },
};

/** Problems as a line each: the key, what is wrong, and the hint if there is one. */
function problemsOf(
  spec: ModelSpec,
  there: SessionSignature,
  described: Partial<Pick<ModelYaml, "inputs" | "outputs">> = {},
) {
  const findings = signatureProblems({ spec, inputs: [], outputs: [], ...described }, there);
  return findings.map(
    ({ path, message, hint }) =>
      `${path.join(".")}: ${message}${hint === undefined ? "" : ` (${hint})`}`,
  );
}

function signature(
  input: readonly number[],
  output: readonly number[],
  datatype = "FP32",
): SessionSignature {
  return {
    inputs: [{ name: "x", datatype: "FP32", shape: input }],
    outputs: [{ name: "y", datatype, shape: output }],
  };
}

describe("what fits", () => {
  const rows = [
    { name: "exact sizes", spec: classifier, there: signature([1, 3, 4, 8], [1, 2]) },
    { name: "an open batch", spec: classifier, there: signature([-1, 3, 4, 8], [-1, 2]) },
    { name: "open sizes", spec: classifier, there: signature([-1, 3, -1, -1], [-1, -1]) },
    { name: "shapes that say nothing", spec: classifier, there: signature([], []) },
    { name: "half-float scores", spec: classifier, there: signature([1, 3, 4, 8], [1, 2], "FP16") },
    {
      name: "four rows and one a label",
      spec: detector,
      there: signature([1, 3, 4, 8], [1, 6, 100]),
    },
    {
      name: "any signature without an image or labels",
      spec: plainSpec,
      there: signature([7], [9]),
    },
    {
      name: "channels last",
      spec: { ...classifier, image: { ...image, layout: "NHWC" as const } },
      there: signature([1, 4, 8, 3], [1, 2]),
    },
  ];
  for (const { name, spec, there } of rows) {
    test(name, () => expect(problemsOf(spec, there)).toEqual([]));
  }
});

describe("what does not fit is told by the key to look at", () => {
  const fits = signature([1, 3, 4, 8], [1, 2]);
  const rows = [
    {
      name: "another size of image",
      spec: classifier,
      there: signature([1, 3, 8, 4], [1, 2]),
      problem:
        "image: the model takes FP32 [1, 3, 8, 4], not FP32 [1, 3, 4, 8] (set image.width: 4 and image.height: 8)",
    },
    {
      name: "a fixed batch of more than one",
      spec: classifier,
      there: signature([2, 3, 4, 8], [2, 2]),
      problem: "image: the model takes FP32 [2, 3, 4, 8], not FP32 [1, 3, 4, 8]",
    },
    {
      name: "another type of image",
      spec: classifier,
      there: { ...fits, inputs: [{ name: "x", datatype: "UINT8", shape: [1, 3, 4, 8] }] },
      problem:
        "image: the model takes UINT8 [1, 3, 4, 8], not FP32 [1, 3, 4, 8] (set image.datatype: UINT8)",
    },
    {
      name: "a second input",
      spec: classifier,
      there: { ...fits, inputs: [...fits.inputs, ...fits.inputs] },
      problem: "image: the model has 2 inputs instead of one",
    },
    {
      name: "an output by another name",
      spec: classifier,
      there: { ...fits, outputs: [{ name: "z", datatype: "FP32", shape: [1, 2] }] },
      problem: 'output.name: the model has no "y", it has "z" (did you mean z?)',
    },
    {
      name: "more scores than labels",
      spec: classifier,
      there: signature([1, 3, 4, 8], [1, 3]),
      problem: 'labels: 2 labels need an output [1, 2], "y" is FP32 [1, 3]',
    },
    {
      name: "texts instead of scores",
      spec: classifier,
      there: signature([1, 3, 4, 8], [1, 2], "BYTES"),
      problem: 'labels: 2 labels need an output [1, 2], "y" is BYTES [1, 2]',
    },
    {
      name: "a head of another height",
      spec: detector,
      there: signature([1, 3, 4, 8], [1, 84, 100]),
      problem: 'labels: 2 labels need an output [1, 6, anchors], "y" is FP32 [1, 84, 100]',
    },
    {
      name: "another layout",
      spec: classifier,
      there: signature([1, 4, 8, 3], [1, 2]),
      problem:
        "image: the model takes FP32 [1, 4, 8, 3], not FP32 [1, 3, 4, 8] (set image.layout: NHWC)",
    },
    {
      name: "no labels",
      spec: { ...classifier, labels: [] },
      there: fits,
      problem:
        "output.kind: needs labels (set `labels` or `labels_file`, or `names` in the model's metadata)",
    },
    {
      name: "a head with objectness of another width",
      spec: {
        ...detector,
        meaning: { ...detector.meaning, head: "yolo_objectness" } as ModelSpec["meaning"],
      },
      there: signature([1, 3, 4, 8], [1, 100, 85]),
      problem: 'labels: 2 labels need an output [1, anchors, 7], "y" is FP32 [1, 100, 85]',
    },
    {
      name: "a text for a model that takes something else",
      spec: { ...plainSpec, text: { prefix: "" } },
      there: fits,
      problem:
        'text: the model takes "x"; a text becomes input_ids, attention_mask, token_type_ids',
    },
  ];
  for (const { name, spec, there, problem } of rows) {
    test(name, () => expect(problemsOf(spec, there)).toContain(problem));
  }
});

describe("inputs and outputs that model.yaml describes", () => {
  const there = signature([-1, 2], [1, 3]);
  const rows = [
    {
      name: "as they are fit",
      inputs: [{ name: "x", datatype: "FP32", shape: [-1, 2] }],
      problems: [],
    },
    { name: "by name alone fit", inputs: [{ name: "x" }], problems: [] },
    {
      name: "by another name are told with what there is",
      inputs: [{ name: "pixels" }],
      problems: ['inputs.0.name: the model has no "pixels", it has "x"'],
    },
    {
      name: "of another type and shape are told with both",
      inputs: [{ name: "x", datatype: "INT64", shape: [1, 2] }],
      problems: [
        "inputs.0.datatype: the model has FP32 [-1, 2] (write FP32)",
        "inputs.0.shape: the model has FP32 [-1, 2] (write [-1, 2]; -1 is any size)",
      ],
    },
  ];
  test.each(rows)("$name", ({ inputs, problems }) => {
    expect(problemsOf(plainSpec, there, { inputs })).toEqual(problems);
  });
  test("outputs, too", () => {
    const outputs = [{ name: "y", datatype: "FP16" }];
    expect(problemsOf(plainSpec, there, { outputs })).toEqual([
      "outputs.0.datatype: the model has FP32 [1, 3] (write FP32)",
    ]);
  });
});
