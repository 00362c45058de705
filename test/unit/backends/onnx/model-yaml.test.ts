import { describe, expect, test } from "vitest";
import { parseModelYaml, plainSpec } from "#backends/onnx/model-yaml.ts";
import { plainPlan } from "#backends/onnx/serving-plan.ts";

const parsed = (yaml: string) => parseModelYaml(new TextEncoder().encode(yaml));

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
    expect(parsed(yaml)).toMatchObject({
      spec: {
        description: "Handwritten digits",
        aliases: ["mnist", "team/digits:latest"],
        image: {
          width: 28,
          height: 28,
          color: "gray",
          layout: "NCHW",
          datatype: "FP32",
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
    expect(parsed(yaml)).toMatchObject({
      labelsFile: "labels.txt",
      spec: {
        description: "",
        aliases: [],
        image: {
          width: 96,
          height: 64,
          color: "rgb",
          layout: "NCHW",
          datatype: "FP32",
          fit: "stretch",
          pad: 0,
          invert: "never",
          mean: [0, 0, 0],
          std: [1, 1, 1],
        },
        meaning: {
          kind: "detection",
          head: "yolo",
          output: "boxes",
          scoreThreshold: 0.25,
          iouThreshold: 0.45,
        },
        labels: [],
        batchMax: 8,
        warmUpRuns: 1,
      },
    });
  });

  test("nothing at all: tensors, one at a time", () => {
    expect(parsed("")).toMatchObject({ spec: plainSpec, plan: plainPlan });
    expect(parsed("# only a remark\n")).toMatchObject({ spec: plainSpec, plan: plainPlan });
  });

  test("a detector whose boxes and scores are apart", () => {
    const yaml = `
image: { width: 300, height: 300, layout: NHWC, datatype: UINT8 }
output:
  kind: detection
  head: ssd
  name: boxes
  scores_name: scores
  classes_name: classes
  box: yxyx
labels: [cat]
`;
    expect(parsed(yaml).spec).toMatchObject({
      image: { datatype: "UINT8" },
      meaning: {
        head: "ssd",
        output: "boxes",
        ssd: {
          scores: "scores",
          classes: "classes",
          activation: "probabilities",
          box: "yxyx",
          unit: "share",
          background: false,
        },
      },
    });
  });

  test("a text model whose vectors are the mean of its tokens", () => {
    const yaml = "text: { max_tokens: 256 }\noutput: { kind: embedding, name: last_hidden_state }";
    expect(parsed(yaml).spec).toMatchObject({
      text: { maxTokens: 256, prefix: "" },
      meaning: { kind: "embedding", output: "last_hidden_state", pooling: "mean", normalize: true },
      batchMax: 16,
    });
  });

  test("how versions are served", () => {
    const yaml = `
versions: { latest: 2 }
version_labels: { stable: 1, canary: 2 }
split: { stable: 90, canary: 10 }
shadow: { to: canary, share: 5% }
cache: true
instances: 2
isolation: process
run_timeout: 10s
memory_max: 500MB
`;
    expect(parsed(yaml).plan).toEqual({
      policy: { kind: "latest", count: 2 },
      labels: new Map([
        ["stable", "1"],
        ["canary", "2"],
      ]),
      split: [
        { to: "stable", weight: 90 },
        { to: "canary", weight: 10 },
      ],
      shadow: { to: "canary", share: 0.05 },
      isCached: true,
      instances: 2,
      isolation: "process",
      runTimeoutMs: 10_000,
      memoryBytesMax: 524_288_000,
    });
  });

  const policies = [
    { yaml: "versions: latest", policy: { kind: "latest", count: 1 } },
    { yaml: "versions: all", policy: { kind: "all" } },
    { yaml: "versions: [3, 1]", policy: { kind: "only", versions: ["3", "1"] } },
  ];
  test.each(policies)("$yaml", ({ yaml, policy }) => {
    expect(parsed(yaml).plan.policy).toEqual(policy);
  });
});

describe("what is wrong is told with its line, its key and a hint", () => {
  const image = "image: { width: 8, height: 8 }";
  const process = "isolation: process";
  const rows = [
    {
      name: "an unknown key",
      yaml: "description: x\nbatch_mx: 3",
      problem: "model.yaml:2:1: batch_mx: is not a known key (hint: did you mean batch_max?)",
    },
    {
      name: "an unknown key within",
      yaml: "image:\n  widht: 8\n  width: 8\n  height: 8",
      problem: "model.yaml:2:3: image.widht: is not a known key (hint: did you mean width?)",
    },
    {
      name: "an unknown key of a kind of output",
      yaml: "output: { kind: classification, name: y, score: logits }\nlabels: [a]",
      problem: "model.yaml:1:42: output.score: is not a known key (hint: did you mean scores?)",
    },
    {
      name: "several problems, each by itself",
      yaml: "zzz: 1\nbatch_max: many",
      problem:
        "model.yaml:2:12: batch_max: expected an integer from 1 to 1024; model.yaml:1:1: zzz: is not a known key",
    },
    {
      name: "a value out of bounds",
      yaml: "batch_max: 0",
      problem: "model.yaml:1:12: batch_max: expected an integer from 1 to 1024",
    },
    {
      name: "a cache that is neither on nor off",
      yaml: "description: x\ncache: 5m",
      problem: "model.yaml:2:8: cache: expected true or false",
    },
    {
      name: "a missing key",
      yaml: "image: { width: 8 }",
      problem: "model.yaml:1:8: image.height: is required",
    },
    {
      name: "a deviation of nothing, which would divide by it",
      yaml: "image: { width: 8, height: 8, std: [0, 1, 1] }",
      problem: "model.yaml:1:37: image.std[0]: expected a number above 0",
    },
    {
      name: "as many means as channels",
      yaml: "image: { width: 8, height: 8, color: gray, mean: [0, 0, 0] }",
      problem: "model.yaml:1:50: image.mean: has 3 numbers for 1 channels",
    },
    {
      name: "a mean of levels that are taken as they are",
      yaml: "image: { width: 8, height: 8, datatype: UINT8, mean: [0, 0, 0] }",
      problem:
        "image.mean: is not for UINT8, which takes levels as they are (hint: leave it out, or set `datatype: FP32`)",
    },
    {
      name: "boxes without an image to lie in",
      yaml: "output: { kind: detection, name: y }\nlabels: [a]",
      problem: "output.kind: needs `image` (hint: set `image`: boxes are in its pixels)",
    },
    {
      name: "vectors without a text",
      yaml: "output: { kind: embedding, name: y }",
      problem: "output.kind: needs `text` (hint: set `text: {}`)",
    },
    {
      name: "an image and a text",
      yaml: `${image}\ntext: {}`,
      problem: "model.yaml:2:7: text: is set besides `image` (hint: keep one)",
    },
    {
      name: "keys of another head",
      yaml: `${image}\noutput: { kind: detection, name: y, box: xyxy }`,
      problem: "output.box: is not for head yolo (hint: set `head: ssd`, or leave it out)",
    },
    {
      name: "a head whose scores have no name",
      yaml: `${image}\noutput: { kind: detection, name: y, head: ssd }`,
      problem: "output.scores_name: is required for head ssd",
    },
    {
      name: "labels twice",
      yaml: `${image}\nlabels: [a]\nlabels_file: labels.txt`,
      problem: "model.yaml:3:14: labels_file: is set besides `labels` (hint: keep one)",
    },
    {
      name: "a labels file elsewhere",
      yaml: "labels_file: ../../secret.txt",
      problem: "labels_file: expected the name of a file next to model.yaml",
    },
    {
      name: "a labels file in the parent",
      yaml: "labels_file: ..",
      problem: "labels_file: expected the name of a file next to model.yaml",
    },
    {
      name: "an alias with a space",
      yaml: "aliases: ['two words']",
      problem: "model.yaml:1:11: aliases[0]: expected letters, digits and . _ : / -",
    },
    {
      name: "a list where keys belong",
      yaml: "- a",
      problem: "model.yaml:1:1: expected a mapping, got a list",
    },
    {
      name: "a kind of output that there is not",
      yaml: "output: { kind: poem }",
      problem: "output.kind: expected classification, detection, embedding or tensor",
    },
    {
      name: "a policy that there is not",
      yaml: "versions: newest",
      problem:
        "model.yaml:1:11: versions: expected latest, all, { latest: 2 } or a list of versions",
    },
    {
      name: "a label that could be a version",
      yaml: "version_labels: { 7: 1 }",
      problem: "version_labels.7: is no label: a letter, then letters, digits, _ and -",
    },
    {
      name: "a split to a label that there is not",
      yaml: "version_labels: { stable: 1 }\nsplit: { stabel: 1 }",
      problem:
        "model.yaml:2:18: split.stabel: is no label in `version_labels`, and no version (hint: did you mean stable?)",
    },
    {
      name: "a shadow of a label that there is not",
      yaml: "shadow: { to: canary, share: 1% }",
      problem:
        "shadow.to: is no label in `version_labels`, and no version (hint: add it to `version_labels`)",
    },
    {
      name: "a limit that only a process can be held to",
      yaml: "run_timeout: 1s",
      problem:
        "run_timeout: is not for `isolation: thread` (hint: set `isolation: process`: a thread cannot be ended from outside)",
    },
    {
      name: "memory that is no size",
      yaml: `${process}\nmemory_max: much`,
      problem: "model.yaml:2:13: memory_max: expected a size such as 10MB or 512k",
    },
    {
      name: "text that is no YAML",
      yaml: 'description: "x',
      problem: "model.yaml:1:16: lacks a closing bracket, quote or comma",
    },
    {
      name: "a key given twice",
      yaml: "labels: [a]\nlabels: [b]",
      problem: "model.yaml:2:1: has a duplicate key",
    },
    {
      name: "more values than a file may come to",
      yaml: `labels: [${"a, ".repeat(20_000)}]`,
      problem: "comes to more than 20000 values",
    },
  ];
  test.each(rows)("$name", ({ yaml, problem }) => expect(() => parsed(yaml)).toThrow(problem));

  test("what is written in the file stays there: nothing is filled in from the environment", () => {
    const variable = `$\{HOME}`;
    expect(parsed(`description: ${variable}`).spec.description).toBe(variable);
  });
});
