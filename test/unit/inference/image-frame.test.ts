import { expect, test } from "vitest";
import { boxInSource, inputFrame, placeImage } from "#inference/image-frame.ts";

const rows = [
  {
    name: "stretch uses the whole source and the whole input",
    source: { width: 200, height: 100 },
    fit: "stretch",
    crop: { left: 0, top: 0, width: 200, height: 100 },
    resized: { width: 50, height: 40 },
    at: [0, 0],
  },
  {
    name: "contain keeps a wide source whole and centres it between bars above and below",
    source: { width: 200, height: 100 },
    fit: "contain",
    crop: { left: 0, top: 0, width: 200, height: 100 },
    resized: { width: 50, height: 25 },
    at: [0, 7],
  },
  {
    name: "contain keeps a tall source whole and centres it between bars left and right",
    source: { width: 100, height: 400 },
    fit: "contain",
    crop: { left: 0, top: 0, width: 100, height: 400 },
    resized: { width: 10, height: 40 },
    at: [20, 0],
  },
  {
    name: "cover fills the input with the middle of a wide source",
    source: { width: 200, height: 80 },
    fit: "cover",
    crop: { left: 50, top: 0, width: 100, height: 80 },
    resized: { width: 50, height: 40 },
    at: [0, 0],
  },
  {
    name: "contain never shrinks a side to nothing",
    source: { width: 1, height: 1_000_000 },
    fit: "contain",
    crop: { left: 0, top: 0, width: 1, height: 1_000_000 },
    resized: { width: 1, height: 40 },
    at: [24, 0],
  },
  {
    name: "cover never crops a side to nothing",
    source: { width: 1, height: 1_000_000 },
    fit: "cover",
    crop: { left: 0, top: 499_999, width: 1, height: 1 },
    resized: { width: 50, height: 40 },
    at: [0, 0],
  },
] as const;

for (const { name, source, fit, crop, resized, at } of rows) {
  test(name, () => {
    const placed = placeImage(source, { width: 50, height: 40, fit });
    expect(placed.crop).toEqual(crop);
    expect(placed.resized).toEqual(resized);
    expect([placed.left, placed.top]).toEqual(at);
  });

  test(`${name}; its frame leads the used part back to where it was`, () => {
    const placed = placeImage(source, { width: 50, height: 40, fit });
    const inInput = {
      xMin: placed.left,
      yMin: placed.top,
      xMax: placed.left + resized.width,
      yMax: placed.top + resized.height,
    };
    const back = boxInSource(inInput, placed.frame);
    expect(back.xMin).toBeCloseTo(crop.left, 6);
    expect(back.yMin).toBeCloseTo(crop.top, 6);
    expect(back.xMax).toBeCloseTo(crop.left + crop.width, 6);
    expect(back.yMax).toBeCloseTo(crop.top + crop.height, 6);
  });
}

test("the frame of plain tensors changes nothing", () => {
  const box = { xMin: 1, yMin: 2, xMax: 3.5, yMax: 4 };
  expect(boxInSource(box, inputFrame({ width: 96, height: 96 }))).toEqual(box);
});
