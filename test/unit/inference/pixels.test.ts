import { describe, expect, test } from "vitest";
import { placeImage } from "#inference/image-frame.ts";
import type { ImageInput } from "#inference/model-spec.ts";
import { hasLightBackground, imageShape, pixelsToTensor } from "#inference/pixels.ts";
import { numbersOf } from "#inference/tensor-view.ts";

const input: ImageInput = {
  width: 2,
  height: 2,
  color: "rgb",
  layout: "NCHW",
  datatype: "FP32",
  fit: "stretch",
  pad: 0,
  invert: "never",
  mean: [0, 0, 0],
  std: [1, 1, 1],
};

/** Red, green / blue, white. */
const four = {
  width: 2,
  height: 2,
  rgb: new Uint8Array([255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255]),
};

function elements(pixels: typeof four, change: Partial<ImageInput>) {
  const changed = { ...input, ...change };
  const tensor = pixelsToTensor(pixels, placeImage(pixels, changed), changed);
  return { shape: tensor.shape, numbers: numbersOf(tensor) };
}

/** A grey picture from rows of levels. */
function grey(...rows: number[][]) {
  const levels = rows.flat();
  const rgb = new Uint8Array(levels.flatMap((level) => [level, level, level]));
  return { width: rows[0]?.length ?? 0, height: rows.length, rgb };
}

describe("layout", () => {
  const rows = [
    {
      name: "NCHW rgb: a plane a channel",
      change: {},
      numbers: [1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 1],
    },
    {
      name: "NCHW bgr: the planes the other way round",
      change: { color: "bgr" },
      numbers: [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 0, 1],
    },
    {
      name: "NHWC rgb: the channels of each pixel together",
      change: { layout: "NHWC" },
      numbers: [1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 1, 1],
    },
  ] as const;
  for (const { name, change, numbers } of rows) {
    test(name, () => {
      const shape = "layout" in change ? [1, 2, 2, 3] : [1, 3, 2, 2];
      expect(elements(four, change)).toEqual({ shape, numbers });
    });
  }
  test("the shape is known without pixels", () => {
    expect(imageShape({ ...input, width: 5, color: "gray" })).toEqual([1, 1, 2, 5]);
    expect(imageShape({ ...input, width: 5, layout: "NHWC" })).toEqual([1, 2, 5, 3]);
  });
});

describe("levels", () => {
  test("grey weighs red, green and blue as the eye does", () => {
    const { numbers } = elements(four, { color: "gray", mean: [0], std: [1 / 255] });
    expect(numbers.map(Math.round)).toEqual([76, 150, 29, 255]);
  });
  test("a grey source keeps every level exactly", () => {
    const levels = Array.from({ length: 256 }, (_, level) => level);
    const all = grey(levels);
    const change = { width: 256, height: 1, color: "gray", mean: [0], std: [1 / 255] } as const;
    expect(elements(all, change).numbers.map(Math.round)).toEqual(levels);
  });
  test("each channel has its own mean and deviation", () => {
    const { numbers } = elements(four, { mean: [0.5, 0, 1], std: [0.5, 2, 0.25] });
    expect(numbers).toEqual([1, -1, -1, 1, 0, 0.5, 0, 0.5, -4, -4, 0, 0]);
  });
});

describe("padding", () => {
  test("bars have the pad level, normalised like the rest", () => {
    const change = {
      height: 4,
      fit: "contain",
      pad: 51,
      color: "gray",
      mean: [0],
      std: [1],
    } as const;
    const { numbers } = elements(grey([0, 0], [0, 0]), change);
    const bar = [expect.closeTo(0.2, 6), expect.closeTo(0.2, 6)];
    expect(numbers).toEqual([...bar, 0, 0, 0, 0, ...bar]);
  });
  test("bars are not inverted with the image", () => {
    const change = { height: 4, fit: "contain", invert: "auto", color: "gray" } as const;
    expect(elements(grey([255, 255], [255, 255]), change).numbers).toEqual(Array(8).fill(0));
  });
});

describe("inversion", () => {
  const paper = grey([255, 255, 255], [255, 0, 255], [255, 255, 255]);
  const rows = [
    { name: "ink on paper has a light background", pixels: paper, light: true },
    {
      name: "light strokes have a dark one",
      pixels: grey([0, 0, 0], [0, 255, 0], [0, 0, 0]),
      light: false,
    },
    {
      name: "the middle does not count",
      pixels: grey([200, 200, 200], [200, 0, 200], [200, 200, 200]),
      light: true,
    },
    { name: "level 127 is dark", pixels: grey([127]), light: false },
    { name: "level 128 is light", pixels: grey([128]), light: true },
    { name: "half of the ring is not most of it", pixels: grey([255, 0]), light: false },
    { name: "a column of one pixel is all ring", pixels: grey([255], [255], [0]), light: true },
  ];
  for (const { name, pixels, light } of rows) {
    test(name, () => expect(hasLightBackground(pixels)).toBe(light));
  }
  test("auto turns ink on paper into light strokes on dark", () => {
    const change = { width: 3, height: 3, color: "gray", invert: "auto" } as const;
    expect(elements(paper, change).numbers).toEqual([0, 0, 0, 0, 1, 0, 0, 0, 0]);
  });
  test("never leaves ink on paper alone", () => {
    const change = { width: 3, height: 3, color: "gray" } as const;
    expect(elements(paper, change).numbers).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  });
});

describe("datatypes", () => {
  test("UINT8 takes the levels as they are", () => {
    const tensor = pixelsToTensor(four, placeImage(four, input), { ...input, datatype: "UINT8" });
    expect(tensor.datatype).toBe("UINT8");
    expect([...tensor.bytes]).toEqual([255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255]);
  });
  test("FP16 takes the same elements as FP32, in half the bytes", () => {
    const half = { ...input, datatype: "FP16" as const, mean: [0.5, 0.5, 0.5] };
    const tensor = pixelsToTensor(four, placeImage(four, half), half);
    expect([tensor.datatype, tensor.bytes.length]).toEqual(["FP16", 24]);
    expect(numbersOf(tensor).slice(0, 3)).toEqual([0.5, -0.5, -0.5]);
  });
});
