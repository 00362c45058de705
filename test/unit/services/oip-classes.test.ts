/** Classes of an output: the greatest of each row, their labels, and what has none. */

import { describe, expect, test } from "vitest";
import type { NamedTensor } from "#core/tensor.ts";
import { atOnce } from "#core/turns.ts";
import type { ModelSpec } from "#inference/model-spec.ts";
import { bytesFromTexts, textsOf } from "#inference/tensor-text.ts";
import { classesOf } from "#services/oip-classes.ts";
import { tensor } from "../../support/predict.ts";

const spec: ModelSpec = {
  aliases: [],
  description: "",
  labels: ["ant", "bee", "cat"],
  meaning: { kind: "classification", output: "scores", scores: "logits" },
  batchMax: 1,
  warmUpRuns: 0,
};

function classes(output: NamedTensor, count: number) {
  const found = atOnce(classesOf(output, count, spec));
  const texts = textsOf(found);
  return { ...found, bytes: undefined, texts: texts.ok ? texts.texts : texts.problem };
}

describe("classes", () => {
  test("are those of each row, greatest first, equal ones in their order", () => {
    const output = tensor("scores", "FP32", [2, 3], [0.1, 0.7, 0.7, 3, 1, 2]);
    expect(classes(output, 2)).toMatchObject({
      datatype: "BYTES",
      shape: [2, 2],
      texts: ["0.7:1:bee", "0.7:2:cat", "3:0:ant", "2:2:cat"],
    });
  });

  test("have no labels where the model declares none of that number, or of another output", () => {
    const scores = tensor("scores", "INT64", [2], [5, 9]);
    expect(classes(scores, 9)).toMatchObject({ shape: [2], texts: ["9:1", "5:0"] });
    const other = tensor("other", "FP32", [3], [1, 2, 3]);
    expect(classes(other, 1)).toMatchObject({ shape: [1], texts: ["3:2"] });
  });

  test("of nothing are none", () => {
    expect(classes(tensor("scores", "FP32", [0, 3], []), 2)).toMatchObject({
      shape: [0, 0],
      texts: [],
    });
  });

  test.each([
    ["texts", { name: "t", datatype: "BYTES", shape: [1], bytes: bytesFromTexts(["x"]) } as const],
    ["NaN", tensor("scores", "FP32", [1], [Number.NaN])],
  ])("are none of %s", (_what, output) => {
    expect(() => classes(output, 1)).toThrow(output.name);
  });

  test("more classes than a response has are refused before they are found", () => {
    const output = tensor("scores", "UINT8", [65_537, 1], Array(65_537).fill(1));
    expect(() => classes(output, 1)).toThrow("65537 rows of 1 classes are more than 65536");
  });
});
