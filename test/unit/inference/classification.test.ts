import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { Tensor } from "#core/tensor.ts";
import { reasonOf } from "#errors/fault.ts";
import { classify, softmax } from "#inference/classification.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";

const labels = ["cat", "dog", "cow"];

function scores(...numbers: number[]): Tensor {
  return { datatype: "FP32", shape: [1, numbers.length], bytes: bytesFromNumbers("FP32", numbers) };
}

function reasonThrown(work: () => unknown) {
  try {
    work();
  } catch (error) {
    return error instanceof ConnectError ? reasonOf(error) : error;
  }
  return "nothing";
}

describe("softmax", () => {
  test("probabilities sum to one and keep the order", () => {
    const [low = 0, high = 0, middle = 0] = softmax(new Float32Array([1, 3, 2]));
    expect(low + high + middle).toBeCloseTo(1, 12);
    expect(high).toBeCloseTo(0.6652409557748219, 12);
    expect(low).toBeLessThan(middle);
  });
  test("logits far beyond exp's range do not overflow", () => {
    expect([...softmax(new Float32Array([10_000, 10_000]))]).toEqual([0.5, 0.5]);
    expect([...softmax(new Float32Array([-10_000, 0]))]).toEqual([0, 1]);
  });
  test("a hundred thousand scores are no problem", () => {
    expect(softmax(new Float32Array(100_000))[7]).toBeCloseTo(1e-5, 12);
  });
});

describe("classify", () => {
  test("labels come by falling probability", () => {
    const found = classify(scores(0.2, 0.7, 0.1), { scores: "probabilities", labels, topK: 3 });
    expect(found.map(({ label, index }) => [label, index])).toEqual([
      ["dog", 1],
      ["cat", 0],
      ["cow", 2],
    ]);
    expect(found[0]?.score).toBeCloseTo(0.7, 6);
  });
  test("logits become probabilities first", () => {
    const [first] = classify(scores(1, 3, 2), { scores: "logits", labels, topK: 1 });
    expect(first).toEqual({ label: "dog", index: 1, score: expect.closeTo(0.66524, 5) });
  });
  test("no more than topK are given, and no more than there are", () => {
    const options = { scores: "probabilities", labels } as const;
    expect(classify(scores(0, 1, 0), { ...options, topK: 2 })).toHaveLength(2);
    expect(classify(scores(0, 1, 0), { ...options, topK: 100 })).toHaveLength(3);
  });
  test("equal scores keep the order of the labels", () => {
    const found = classify(scores(0.3, 0.4, 0.3), { scores: "probabilities", labels, topK: 3 });
    expect(found.map(({ label }) => label)).toEqual(["dog", "cat", "cow"]);
  });
  test("half floats are read like any number", () => {
    const half: Tensor = {
      datatype: "FP16",
      shape: [3],
      bytes: bytesFromNumbers("FP16", [0.25, 0.5, 0.25]),
    };
    expect(classify(half, { scores: "probabilities", labels, topK: 1 })[0]?.score).toBe(0.5);
  });
  test("another number of scores than labels is the caller's fault", () => {
    const two: Tensor = { ...scores(0, 1, 0, 0, 0, 1), shape: [2, 3] };
    const options = { scores: "logits", labels, topK: 1 } as const;
    expect(reasonThrown(() => classify(two, options))).toBe("TENSOR_INVALID");
    expect(() => classify(two, options)).toThrow(
      "labels belong to one row of 3 scores, not to [2, 3]: send a batch of 1",
    );
  });
  for (const broken of [Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`a score of ${broken} is the model's fault, not a label`, () => {
      for (const kind of ["logits", "probabilities"] as const) {
        const options = { scores: kind, labels, topK: 1 };
        expect(reasonThrown(() => classify(scores(1, broken, 0), options))).toBe("BACKEND_FAILED");
      }
    });
  }
});

describe("scores that stand for themselves", () => {
  test("become probabilities each by its own sigmoid, and need not sum to one", () => {
    const found = classify(scores(0, Math.log(3), -800), { scores: "sigmoid", labels, topK: 3 });
    expect(found.map(({ label, score }) => [label, Number(score.toFixed(6))])).toEqual([
      ["dog", 0.75],
      ["cat", 0.5],
      ["cow", 0],
    ]);
  });
});
