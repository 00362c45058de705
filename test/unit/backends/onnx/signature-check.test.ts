import { describe, expect, test } from "vitest";
import type { SessionSignature } from "#backends/onnx/messages.ts";
import { type ModelYaml, plainSpec } from "#backends/onnx/model-yaml.ts";
import { signatureProblems } from "#backends/onnx/signature-check.ts";
import type { ImageInput, ModelSpec, SsdOutputs } from "#inference/model-spec.ts";

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

describe("an image is told what to change only where one key does it", () => {
  const last = { ...classifier, image: { ...image, layout: "NHWC" as const } };
  const bytes = { ...classifier, image: { ...image, datatype: "UINT8" as const } };
  const taking = (datatype: string, shape: readonly number[]) => ({
    ...signature([], [1, 2]),
    inputs: [{ name: "x", datatype, shape }],
  });
  const is = "not FP32 [1, 3, 4, 8]";
  test.each([
    [bytes, "FP32", [1, 3, 4, 8], "not UINT8 [1, 3, 4, 8] (set image.datatype: FP32)"],
    [bytes, "FP16", [1, 3, 4, 8], "not UINT8 [1, 3, 4, 8] (set image.datatype: FP16)"],
    [classifier, "BYTES", [1, 3, 4, 8], is],
    [last, "FP32", [1, 3, 4, 8], "not FP32 [1, 4, 8, 3] (set image.layout: NCHW)"],
    [last, "FP32", [1, 8, 4, 3], "not FP32 [1, 4, 8, 3] (set image.width: 4 and image.height: 8)"],
    [classifier, "FP32", [1, 3, -1, 5], is],
    [classifier, "FP32", [1, 3, 5, -1], is],
    [classifier, "FP32", [1, 3, 0, 5], is],
    [classifier, "FP32", [1, 1, 4, 8], is],
    [classifier, "FP32", [1, 3], is],
  ])("%#: %s", (spec, datatype, shape, rest) => {
    expect(problemsOf(spec, taking(datatype, shape))).toEqual([
      `image: the model takes ${datatype} [${shape.join(", ")}], ${rest}`,
    ]);
  });

  test("and no image fits a model without inputs", () => {
    expect(problemsOf(classifier, { ...signature([], [1, 2]), inputs: [] })).toEqual([
      "image: the model has 0 inputs instead of one",
    ]);
  });
});

describe("a text", () => {
  const reader: ModelSpec = {
    ...plainSpec,
    text: { prefix: "" },
    meaning: { kind: "embedding", output: "y", pooling: "mean", normalize: true },
  };
  const unpooled = { ...reader, meaning: { ...reader.meaning, pooling: "none" } } as ModelSpec;
  const ids = { name: "input_ids", datatype: "INT64", shape: [-1, -1] };
  const mask = { ...ids, name: "attention_mask" };
  const giving = (shape: readonly number[], inputs = [ids, mask], datatype = "FP32") => ({
    inputs,
    outputs: [{ name: "y", datatype, shape }],
  });

  test.each([
    [reader, giving([-1, -1, 384])],
    [reader, giving([1, 128, 384])],
    [unpooled, giving([-1, 384])],
    [reader, giving([])],
  ])("%# fits what takes its tokens and gives vectors, and needs no labels", (spec, there) => {
    expect(problemsOf(spec, there)).toEqual([]);
  });

  test.each([
    [[{ ...ids, datatype: "INT32" }], '"input_ids" is INT32 [-1, -1], not INT64 [texts, tokens]'],
    [[ids, { ...mask, shape: [-1] }], '"attention_mask" is INT64 [-1], not INT64 [texts, tokens]'],
    [[mask], 'the model has no "input_ids"'],
  ])("%# does not fit other inputs", (inputs, problem) => {
    expect(problemsOf(reader, giving([-1, -1, 384], inputs))).toEqual([`text: ${problem}`]);
  });

  test.each([
    [reader, [-1, 384], "FP32", 'mean needs [texts, tokens, size], "y" is FP32 [-1, 384]'],
    [unpooled, [1, 2, 3], "FP32", 'none needs [texts, size], "y" is FP32 [1, 2, 3]'],
    [unpooled, [-1, 384], "BYTES", 'none needs [texts, size], "y" is BYTES [-1, 384]'],
  ])("%# does not fit other vectors", (spec, shape, datatype, problem) => {
    expect(problemsOf(spec, giving(shape, [ids], datatype))).toEqual([
      `output.pooling: pooling ${problem}`,
    ]);
  });
});

describe("boxes and scores in tensors of their own", () => {
  const of = (more: Partial<SsdOutputs> = {}) =>
    ({
      ...detector,
      meaning: {
        ...detector.meaning,
        head: "ssd",
        ssd: {
          ...{ scores: "s", activation: "probabilities", box: "xyxy", unit: "share" },
          ...{ background: false, ...more },
        },
      },
    }) as ModelSpec;
  const tensor = (name: string, shape: readonly number[], datatype = "FP32") => ({
    ...{ name, datatype, shape },
  });
  const boxes = tensor("y", [1, 100, 4]);
  const scores = tensor("s", [1, 100, 2]);
  const problems = (spec: ModelSpec, ...outputs: ReturnType<typeof tensor>[]) =>
    problemsOf(spec, { ...signature([1, 3, 4, 8], []), outputs });

  test.each([
    ["a score a label", of(), [boxes, scores]],
    [
      "a score a label and one for nothing",
      of({ background: true }),
      [boxes, tensor("s", [1, 9, 3])],
    ],
    [
      "classes, whatever the scores",
      of({ classes: "c" }),
      [boxes, tensor("s", [9]), tensor("c", [9])],
    ],
    ["open sizes", of(), [tensor("y", [1, -1, -1]), tensor("s", [1, -1, -1])]],
    ["shapes that say nothing", of(), [tensor("y", []), tensor("s", [])]],
  ])("fit: %s", (_, spec, outputs) => {
    expect(problems(spec, ...outputs)).toEqual([]);
  });

  test.each([
    [
      "boxes of five",
      of(),
      [tensor("y", [1, 9, 5]), scores],
      'output.name: boxes need [1, boxes, 4], "y" is FP32 [1, 9, 5]',
    ],
    [
      "boxes of texts",
      of(),
      [tensor("y", [1, 9, 4], "BYTES"), scores],
      'output.name: boxes need [1, boxes, 4], "y" is BYTES [1, 9, 4]',
    ],
    [
      "boxes without edges",
      of(),
      [tensor("y", [4]), scores],
      'output.name: boxes need [1, boxes, 4], "y" is FP32 [4]',
    ],
    [
      "boxes of two images",
      of(),
      [tensor("y", [2, 9, 4]), scores],
      'output.name: boxes need [1, boxes, 4], "y" is FP32 [2, 9, 4]',
    ],
    [
      "scores of texts",
      of(),
      [boxes, tensor("s", [1, 100, 2], "BYTES")],
      'output.scores_name: scores are numbers, "s" is BYTES [1, 100, 2]',
    ],
    [
      "classes of texts",
      of({ classes: "c" }),
      [boxes, scores, tensor("c", [1, 100], "BYTES")],
      'output.classes_name: classes are numbers, "c" is BYTES [1, 100]',
    ],
    [
      "no scores",
      of({ scores: "levels" }),
      [boxes, tensor("other", [1])],
      'output.scores_name: the model has no "levels", it has "y", "other"',
    ],
    [
      "too few scores",
      of({ background: true }),
      [boxes, scores],
      'labels: 2 labels need scores [1, boxes, 3], "s" is FP32 [1, 100, 2]',
    ],
    [
      "no classes",
      of({ classes: "classes" }),
      [boxes, scores, tensor("clases", [1])],
      'output.classes_name: the model has no "classes", it has "y", "s", "clases" (did you mean clases?)',
    ],
  ])("do not: %s", (_, spec, outputs, problem) => {
    expect(problems(spec, ...outputs)).toEqual([problem]);
  });
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
      name: "of fewer sizes are told with all",
      inputs: [{ name: "x", shape: [-1] }],
      problems: ["inputs.0.shape: the model has FP32 [-1, 2] (write [-1, 2]; -1 is any size)"],
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
