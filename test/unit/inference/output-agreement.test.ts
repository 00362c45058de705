import { describe, expect, test } from "vitest";
import type { OutputMeaning } from "#inference/model-spec.ts";
import { isAgreed } from "#inference/output-agreement.ts";
import { bytesFromTexts } from "#inference/tensor-text.ts";
import { tensor } from "../../support/predict.ts";

const tensors: OutputMeaning = { kind: "tensor" };
const classes: OutputMeaning = { kind: "classification", output: "y", scores: "logits" };
const y = (numbers: number[], shape = [1, numbers.length]) => [tensor("y", "FP32", shape, numbers)];
const words = (...texts: string[]) => [
  { name: "y", datatype: "BYTES" as const, shape: [texts.length], bytes: bytesFromTexts(texts) },
];

describe("versions agree", () => {
  const rows = [
    { name: "on equal elements", ours: y([1, 2]), theirs: y([1, 2]), meaning: tensors },
    {
      name: "within a thousandth",
      ours: y([1, -2000]),
      theirs: y([1.0005, -2001]),
      meaning: tensors,
    },
    {
      name: "on what is no number",
      ours: y([Number.NaN]),
      theirs: y([Number.NaN]),
      meaning: tensors,
    },
    { name: "on texts", ours: words("a", "b"), theirs: words("a", "b"), meaning: tensors },
    { name: "on the best label", ours: y([1, 2]), theirs: y([7, 9]), meaning: classes },
    {
      name: "on the best label of each row",
      ours: y([1, 2, 4, 3], [2, 2]),
      theirs: y([0, 1, 1, 0], [2, 2]),
      meaning: classes,
    },
  ];
  test.each(rows)("$name", ({ ours, theirs, meaning }) => {
    expect(isAgreed(ours, theirs, meaning)).toBe(true);
  });
});

describe("versions differ", () => {
  const rows = [
    { name: "beyond a thousandth", ours: y([1]), theirs: y([1.002]), meaning: tensors },
    { name: "where one has no number", ours: y([1]), theirs: y([Number.NaN]), meaning: tensors },
    { name: "in shape", ours: y([1, 2]), theirs: y([1, 2], [2, 1]), meaning: tensors },
    { name: "in texts", ours: words("a"), theirs: words("b"), meaning: tensors },
    { name: "in outputs", ours: y([1]), theirs: [], meaning: tensors },
    { name: "in the best label", ours: y([1, 2]), theirs: y([2, 1]), meaning: classes },
    { name: "in the output that has the labels", ours: y([1]), theirs: [], meaning: classes },
    {
      name: "in the best label of one row",
      ours: y([1, 2, 4, 3], [2, 2]),
      theirs: y([0, 1, 0, 1], [2, 2]),
      meaning: classes,
    },
  ];
  test.each(rows)("$name", ({ ours, theirs, meaning }) => {
    expect(isAgreed(ours, theirs, meaning)).toBe(false);
  });
});
