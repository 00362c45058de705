import { describe, expect, test } from "vitest";
import { parseModelYaml, plainSpec } from "#backends/onnx/model-yaml.ts";

describe("what a model.yaml says", () => {
  test("a classifier of images", () => {
    const yaml = `
description: Handwritten digits
aliases: [mnist, team/digits:latest]
image:
  width: 28
  height: 28
  color: gray
  layout: NCHW
  fit: contain
  pad: 0
  invert: auto
  mean: [0.1307]
  std: [0.3081]
output: { kind: classification, name: logits, scores: logits }
labels: [0, "1", two]
batch_max: 16
warm_up_runs: 2
`;
    expect(parseModelYaml(yaml)).toEqual({
      spec: {
        description: "Handwritten digits",
        aliases: ["mnist", "team/digits:latest"],
        image: {
          width: 28,
          height: 28,
          color: "gray",
          layout: "NCHW",
          fit: "contain",
          pad: 0,
          invert: "auto",
          mean: [0.1307],
          std: [0.3081],
        },
        meaning: { kind: "classification", output: "logits", scores: "logits" },
        labels: ["0", "1", "two"],
        batchMax: 16,
        warmUpRuns: 2,
      },
    });
  });

  test("a detector with its labels in a file, the rest by default", () => {
    const yaml = `
image: { width: 96, height: 64 }
output: { kind: detection, name: boxes }
labels_file: labels.txt
`;
    expect(parseModelYaml(yaml)).toEqual({
      labelsFile: "labels.txt",
      spec: {
        description: "",
        aliases: [],
        image: {
          width: 96,
          height: 64,
          color: "rgb",
          layout: "NCHW",
          fit: "stretch",
          pad: 0,
          invert: "never",
          mean: [0, 0, 0],
          std: [1, 1, 1],
        },
        meaning: { kind: "detection", output: "boxes", scoreThreshold: 0.25, iouThreshold: 0.45 },
        labels: [],
        batchMax: 8,
        warmUpRuns: 1,
      },
    });
  });

  test("nothing at all: tensors, one at a time", () => {
    expect(parseModelYaml("")).toEqual({ spec: plainSpec });
    expect(parseModelYaml("# only a remark\n")).toEqual({ spec: plainSpec });
  });
});

describe("what is wrong is told by key", () => {
  const image = "image: { width: 8, height: 8 }";
  const rows = [
    { name: "an unknown key", yaml: "widht: 3", problem: "widht: unknown key" },
    {
      name: "an unknown key within",
      yaml: "image: { widht: 8, width: 8, height: 8 }",
      problem: "image.widht: unknown key",
    },
    {
      name: "several unknown keys, each by itself",
      yaml: "a: 1\nb: 2",
      problem: "a: unknown key; b: unknown key",
    },
    {
      name: "a wrong type",
      yaml: "batch_max: many",
      problem: "batch_max: Invalid input: expected number, received string",
    },
    {
      name: "a value out of bounds",
      yaml: "batch_max: 0",
      problem: "batch_max: Too small: expected number to be >=1",
    },
    {
      name: "a missing key",
      yaml: "image: { width: 8 }",
      problem: "image.height: Invalid input: expected number, received undefined",
    },
    {
      name: "a deviation of nothing, which would divide by it",
      yaml: "image: { width: 8, height: 8, std: [0, 1, 1] }",
      problem: "image.std.0: Too small: expected number to be >0",
    },
    {
      name: "as many means as channels",
      yaml: "image: { width: 8, height: 8, color: gray, mean: [0, 0, 0] }",
      problem: "image.mean: 3 numbers for 1 channels",
    },
    {
      name: "labels that are needed",
      yaml: "output: { kind: classification, name: y }",
      problem: "labels: needed for classification",
    },
    {
      name: "boxes without an image to lie in",
      yaml: "output: { kind: detection, name: y }\nlabels: [a]",
      problem: "image: needed for detection, whose boxes are in its pixels",
    },
    {
      name: "labels twice",
      yaml: `${image}\nlabels: [a]\nlabels_file: labels.txt`,
      problem: "labels_file: set either this or labels",
    },
    {
      name: "a labels file elsewhere",
      yaml: "labels_file: ../../secret.txt",
      problem: "labels_file: the name of a file next to model.yaml",
    },
    {
      name: "a labels file in the parent",
      yaml: "labels_file: ..",
      problem: "labels_file: the name of a file next to model.yaml",
    },
    {
      name: "an alias with a space",
      yaml: "aliases: ['two words']",
      problem: "aliases.0: letters, digits and . _ : / -",
    },
    {
      name: "a list where keys belong",
      yaml: "- a",
      problem: "model: Invalid input: expected object, received array",
    },
  ];
  for (const { name, yaml, problem } of rows) {
    test(name, () => expect(() => parseModelYaml(yaml)).toThrow(`model.yaml: ${problem}`));
  }

  test("a kind of output that there is not", () => {
    expect(() => parseModelYaml("output: { kind: poem }")).toThrow(/model\.yaml: output\.kind: /);
  });
  test("text that is no YAML, with its place", () => {
    expect(() => parseModelYaml("a: [1, 2")).toThrow(/model\.yaml: .* at line 1, column \d+/);
  });
  test("a key given twice", () => {
    expect(() => parseModelYaml("labels: [a]\nlabels: [b]")).toThrow(
      /model\.yaml: .*unique.* at line 2/,
    );
  });
});
