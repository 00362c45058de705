/** Heads of detectors other than the plain YOLO one, which `detection.test.ts` has. */

import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { NamedTensor } from "#core/tensor.ts";
import { detectWith } from "#inference/detection.ts";
import { inputFrame } from "#inference/image-frame.ts";
import type { DetectionMeaning, SsdOutputs } from "#inference/model-spec.ts";
import { tensor } from "../../support/predict.ts";

const input = { width: 200, height: 100 };
const options = {
  labels: ["cat", "dog"],
  scoreThreshold: 0.5,
  iouThreshold: 0.5,
  topK: 10,
  frame: inputFrame(input),
};

function found(meaning: Pick<DetectionMeaning, "head" | "ssd">, outputs: readonly NamedTensor[]) {
  const output = (name: string) => {
    const one = outputs.find((candidate) => candidate.name === name);
    if (one === undefined) throw new Error(`no ${name}`);
    return one;
  };
  return detectWith({ meaning: { ...meaning, output: "boxes" }, input, output }, options);
}

describe("a head with objectness", () => {
  const head = (...rows: readonly number[][]) => [
    tensor("boxes", "FP32", [1, rows.length, 7], rows.flat()),
  ];
  test("scores a label by how sure it is that there is anything", () => {
    expect(found({ head: "yolo_objectness" }, head([50, 40, 20, 10, 0.75, 0.125, 1]))).toEqual([
      { label: "dog", index: 1, score: 0.75, box: { xMin: 40, yMin: 35, xMax: 60, yMax: 45 } },
    ]);
    expect(found({ head: "yolo_objectness" }, head([50, 40, 20, 10, 0.75, 0.5, 0.5]))).toEqual([]);
    expect(found({ head: "yolo_objectness" }, head([50, 40, 20, 10, 0.25, 1, 1]))).toEqual([]);
  });
  test("names one thing once", () => {
    const same = head([50, 40, 20, 10, 1, 1, 0], [51, 40, 20, 10, 0.75, 1, 0]);
    expect(found({ head: "yolo_objectness" }, same).map(({ score }) => score)).toEqual([1]);
  });
  test("of another width is refused with both", () => {
    const odd = [tensor("boxes", "FP32", [1, 1, 6], [0, 0, 0, 0, 0, 0])];
    expect(() => found({ head: "yolo_objectness" }, odd)).toThrow(
      "boxes are read from [1, anchors, 7], not from [1, 1, 6]: send a batch of 1",
    );
  });
});

describe("a head of several tensors", () => {
  const ssd: SsdOutputs = {
    scores: "scores",
    activation: "probabilities",
    box: "xyxy",
    unit: "share",
    background: false,
  };
  const box = { xMin: 20, yMin: 20, xMax: 100, yMax: 60 };
  const scores = tensor("scores", "FP32", [1, 1, 2], [0.25, 0.75]);
  const boxes = (numbers: number[], shape = [1, 1, 4]) => tensor("boxes", "FP32", shape, numbers);

  const forms = [
    { box: "xyxy", unit: "share", numbers: [0.1, 0.2, 0.5, 0.6] },
    { box: "yxyx", unit: "share", numbers: [0.2, 0.1, 0.6, 0.5] },
    { box: "cxcywh", unit: "share", numbers: [0.3, 0.4, 0.4, 0.4] },
    { box: "xyxy", unit: "pixels", numbers: [20, 20, 100, 60] },
  ] as const;
  test.each(forms)("reads $box in $unit", ({ numbers, ...form }) => {
    const [one] = found({ head: "ssd", ssd: { ...ssd, ...form } }, [boxes([...numbers]), scores]);
    expect(one).toMatchObject({ label: "dog", score: 0.75 });
    for (const edge of ["xMin", "yMin", "xMax", "yMax"] as const) {
      expect(one?.box[edge]).toBeCloseTo(box[edge], 4);
    }
  });

  const numbers = [0.1, 0.2, 0.5, 0.6];
  test("leaves out the class that means that there is nothing", () => {
    const three = (...own: number[]) => tensor("scores", "FP32", [1, 1, 3], own);
    const withBackground = { head: "ssd" as const, ssd: { ...ssd, background: true } };
    expect(found(withBackground, [boxes(numbers), three(0.9, 0.6, 0.1)])).toMatchObject([
      { label: "cat" },
    ]);
    expect(found(withBackground, [boxes(numbers), three(1, 0, 0)])).toEqual([]);
  });
  test("takes the label from a tensor of its own", () => {
    const own = { head: "ssd" as const, ssd: { ...ssd, classes: "classes" } };
    const outputs = (index: number) => [
      boxes(numbers, [1, 4]),
      tensor("scores", "FP32", [1, 1], [0.75]),
      tensor("classes", "FP32", [1, 1], [index]),
    ];
    expect(found(own, outputs(1))).toMatchObject([{ label: "dog", index: 1, score: 0.75 }]);
    expect(found(own, outputs(2))).toEqual([]);
    expect(found(own, outputs(-1))).toEqual([]);
    expect(found(own, outputs(Number.NaN))).toEqual([]);
  });
  test("makes probabilities of logits", () => {
    const logits = tensor("scores", "FP32", [1, 1, 2], [0, Math.log(3)]);
    const each = { head: "ssd" as const, ssd: { ...ssd, activation: "logits" as const } };
    expect(found(each, [boxes(numbers), logits])[0]?.score).toBeCloseTo(0.75, 6);
    const own = { head: "ssd" as const, ssd: { ...ssd, activation: "sigmoid" as const } };
    expect(found(own, [boxes(numbers), logits])[0]?.score).toBeCloseTo(0.75, 6);
  });
  test("of shapes that do not belong together is refused with both", () => {
    expect(() => found({ head: "ssd", ssd }, [boxes([1, 2], [1, 2]), scores])).toThrow(
      "boxes are read from [1, boxes, 4], not from [1, 2]",
    );
    const five = tensor("scores", "FP32", [1, 1, 5], [0, 0, 0, 0, 0]);
    expect(() => found({ head: "ssd", ssd }, [boxes(numbers), five])).toThrow(
      "1 boxes of 2 labels need 2 scores, not [1, 1, 5]: send a batch of 1",
    );
    const own = [
      tensor("scores", "FP32", [1, 1], [0.75]),
      tensor("classes", "FP32", [1, 2], [1, 1]),
    ];
    const withClasses = { head: "ssd" as const, ssd: { ...ssd, classes: "classes" } };
    expect(() => found(withClasses, [boxes(numbers), ...own])).toThrow(
      "1 boxes of 2 labels need 1 scores, not [1, 1] and [1, 2]: send a batch of 1",
    );
    expect(() => found(withClasses, [boxes(numbers), ...own])).toThrow(ConnectError);
  });
});
