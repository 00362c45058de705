import { describe, expect, test } from "vitest";
import type { Tensor } from "#core/tensor.ts";
import { candidatesMax, type DetectionOptions, detect, overlap } from "#inference/detection.ts";
import { inputFrame, placeImage } from "#inference/image-frame.ts";
import { bytesFromNumbers } from "#inference/tensor-view.ts";

const options: DetectionOptions = {
  labels: ["cat", "dog"],
  scoreThreshold: 0.5,
  iouThreshold: 0.5,
  topK: 100,
  frame: inputFrame({ width: 100, height: 100 }),
};

/** Centre x, centre y, width, height, score of cat, score of dog. */
type Anchor = readonly [number, number, number, number, number, number];

/** The head [1, 6, anchors] that says these anchors. */
function head(...anchors: Anchor[]): Tensor {
  const numbers = [0, 1, 2, 3, 4, 5].flatMap((row) => anchors.map((anchor) => anchor[row] ?? 0));
  return {
    datatype: "FP32",
    shape: [1, 6, anchors.length],
    bytes: bytesFromNumbers("FP32", numbers),
  };
}

describe("reading anchors", () => {
  test("a centre and a size become edges, in pixels", () => {
    expect(detect(head([50, 40, 20, 10, 0.25, 0.75]), options)).toEqual([
      { label: "dog", index: 1, score: 0.75, box: { xMin: 40, yMin: 35, xMax: 60, yMax: 45 } },
    ]);
  });
  test("a score at the threshold counts, one below does not", () => {
    const found = detect(head([20, 20, 9, 9, 0.5, 0], [70, 70, 9, 9, 0.499, 0]), options);
    expect(found.map(({ score }) => score)).toEqual([0.5]);
  });
  test("boxes come by falling score", () => {
    const far = [10, 40, 70].map((x, at): Anchor => [x, x, 5, 5, 0.5 + at / 8, 0]);
    expect(detect(head(...far), options).map(({ score }) => score)).toEqual([0.75, 0.625, 0.5]);
  });
  test("no more than topK are given", () => {
    const far = [10, 40, 70].map((x, at): Anchor => [x, x, 5, 5, 0.5 + at / 8, 0]);
    expect(detect(head(...far), { ...options, topK: 2 }).map(({ score }) => score)).toEqual([
      0.75, 0.625,
    ]);
  });
  test("no anchors give no boxes", () => {
    expect(detect(head(), options)).toEqual([]);
  });
  test("a coordinate that is not a number makes no box", () => {
    expect(detect(head([Number.NaN, 50, 5, 5, 0.9, 0]), options)).toEqual([]);
  });
  test("a box of negative size is no box", () => {
    expect(detect(head([50, 50, -5, -5, 0.9, 0]), options)).toEqual([]);
  });
  test("more anchors than enter suppression keep the best, and what is beyond does not appear", () => {
    // All of one place but the best and the worst, which only a bound can keep away.
    const many = (same: number) => [
      ...Array.from({ length: same }, (): Anchor => [10, 50, 5, 5, 0.75, 0]),
      [50, 50, 5, 5, 0.5, 0] satisfies Anchor,
      [90, 50, 5, 5, 0.875, 0] satisfies Anchor,
    ];
    const found = (same: number) => detect(head(...many(same)), options).map(({ box }) => box.xMin);
    expect(found(candidatesMax - 2)).toEqual([87.5, 7.5, 47.5]);
    expect(found(candidatesMax - 1)).toEqual([87.5, 7.5]);
    expect(found(candidatesMax + 50)).toEqual([87.5, 7.5]);
  });
});

describe("suppression", () => {
  test("of two boxes of one label that overlap too much the better one stays", () => {
    const found = detect(head([50, 50, 20, 20, 0.6, 0], [52, 50, 20, 20, 0.8, 0]), options);
    expect(found.map(({ box }) => box.xMin)).toEqual([42]);
  });
  test("boxes of different labels never suppress each other", () => {
    const found = detect(head([50, 50, 20, 20, 0.8, 0], [50, 50, 20, 20, 0, 0.6]), options);
    expect(found.map(({ label }) => label)).toEqual(["cat", "dog"]);
  });
  test("an overlap of exactly the threshold stays", () => {
    const half = head([50, 50, 20, 20, 0.8, 0], [50, 50, 20, 10, 0.6, 0]);
    expect(detect(half, options)).toHaveLength(2);
    expect(detect(half, { ...options, iouThreshold: 0.49 })).toHaveLength(1);
  });
  test("a suppressed box suppresses nothing", () => {
    const chain = head(
      [40, 50, 20, 20, 0.9, 0],
      [46, 50, 20, 20, 0.8, 0],
      [52, 50, 20, 20, 0.7, 0],
    );
    expect(detect(chain, options).map(({ score }) => Math.fround(score))).toEqual(
      [0.9, 0.7].map(Math.fround),
    );
  });
});

describe("overlap", () => {
  const box = { xMin: 0, yMin: 0, xMax: 10, yMax: 10 };
  const rows = [
    { name: "a box with itself", other: box, share: 1 },
    { name: "boxes side by side", other: { ...box, xMin: 10, xMax: 20 }, share: 0 },
    { name: "boxes apart", other: { xMin: 30, yMin: 30, xMax: 40, yMax: 40 }, share: 0 },
    { name: "boxes apart in one row", other: { ...box, xMin: 30, xMax: 40 }, share: 0 },
    { name: "boxes apart in one column", other: { ...box, yMin: 30, yMax: 40 }, share: 0 },
    { name: "a half within a whole", other: { ...box, xMax: 5 }, share: 0.5 },
    { name: "a shift by half", other: { ...box, xMin: 5, xMax: 15 }, share: 1 / 3 },
    {
      name: "a shift by half both ways",
      other: { xMin: 5, yMin: 5, xMax: 15, yMax: 15 },
      share: 1 / 7,
    },
  ];
  for (const { name, other, share } of rows) {
    test(name, () => {
      expect(overlap(box, other)).toBe(share);
      expect(overlap(other, box)).toBe(share);
    });
  }
});

describe("the way back to the source", () => {
  test("boxes of a padded input are in pixels of the image that was sent", () => {
    const { frame } = placeImage(
      { width: 400, height: 200 },
      { width: 100, height: 100, fit: "contain" },
    );
    expect(detect(head([50, 50, 20, 10, 0.75, 0]), { ...options, frame })[0]?.box).toEqual({
      xMin: 160,
      yMin: 80,
      xMax: 240,
      yMax: 120,
    });
  });
  test("boxes end at the edges of the source", () => {
    const found = detect(head([0, 50, 20, 200, 0.75, 0]), options);
    expect(found[0]?.box).toEqual({ xMin: 0, yMin: 0, xMax: 10, yMax: 100 });
  });
  test("a box that lies in the padding only is dropped", () => {
    const { frame } = placeImage(
      { width: 400, height: 200 },
      { width: 100, height: 100, fit: "contain" },
    );
    expect(detect(head([50, 10, 20, 10, 0.75, 0]), { ...options, frame })).toEqual([]);
  });
});

describe("shapes that are no head", () => {
  for (const shape of [
    [2, 6, 1],
    [1, 5, 1],
    [6, 1],
    [1, 6, 1, 1],
  ]) {
    test(`[${shape.join(", ")}] is refused with the shape that was expected`, () => {
      const bytes = new Uint8Array(4 * shape.reduce((count, size) => count * size, 1));
      expect(() => detect({ datatype: "FP32", shape, bytes }, options)).toThrow(
        `boxes are read from [1, 6, anchors], not from [${shape.join(", ")}]`,
      );
    });
  }
});
