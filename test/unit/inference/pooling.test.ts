import { describe, expect, test } from "vitest";
import { pooledVectors } from "#inference/pooling.ts";
import { tensor } from "../../support/predict.ts";

/** Two texts of two tokens and one, of two components; what is filled up is far off. */
const hidden = tensor("h", "FP32", [2, 2, 2], [1, 2, 3, 6, 4, 3, 99, 99]);
const plain = { pooling: "mean", normalize: false } as const;

describe("a vector is made", () => {
  const rows = [
    {
      name: "of the mean of the tokens that count",
      how: plain,
      vectors: [
        [2, 4],
        [4, 3],
      ],
    },
    {
      name: "of the first token",
      how: { ...plain, pooling: "cls" as const },
      vectors: [
        [1, 2],
        [4, 3],
      ],
    },
  ];
  test.each(rows)("$name", ({ how, vectors }) => {
    expect(pooledVectors(hidden, [2, 1], how).map((one) => [...one])).toEqual(vectors);
  });
  test("of length 1", () => {
    const [, second = []] = pooledVectors(hidden, [2, 1], { ...plain, normalize: true });
    expect([...second].map((value) => Math.fround(value))).toEqual([0.8, 0.6].map(Math.fround));
  });
  test("by the model itself", () => {
    const made = tensor("h", "FP32", [2, 2], [1, 2, 3, 4]);
    const vectors = pooledVectors(made, [5, 5], { pooling: "none", normalize: false });
    expect(vectors.map((one) => [...one])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });
  test("of half floats", () => {
    const half = tensor("h", "FP16", [1, 2, 1], [1, 2]);
    expect([...(pooledVectors(half, [2], plain)[0] ?? [])]).toEqual([1.5]);
  });
});

test("a vector of nothing stays one", () => {
  const nothing = tensor("h", "FP32", [1, 1, 2], [0, 0]);
  expect([...(pooledVectors(nothing, [1], { ...plain, normalize: true })[0] ?? [])]).toEqual([
    0, 0,
  ]);
});

test("outputs of another shape, and what is no number, are the model's fault", () => {
  const flat = tensor("h", "FP32", [2, 2], [1, 2, 3, 4]);
  expect(() => pooledVectors(flat, [1, 1], plain)).toThrow("the model gave [2, 2] for 2 texts");
  expect(() => pooledVectors(hidden, [1], plain)).toThrow("the model gave [2, 2, 2] for 1 texts");
  const odd = tensor("h", "FP32", [1, 1, 1], [Number.NaN]);
  expect(() => pooledVectors(odd, [1], plain)).toThrow("what is no number");
});
