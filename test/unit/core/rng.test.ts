import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";

const draw = (seed: number, count: number) => {
  const rng = seededRng(seed);
  return Array.from({ length: count }, () => rng.next());
};

test("the same seed gives the same numbers, another seed others", () => {
  expect(draw(7, 5)).toEqual(draw(7, 5));
  expect(draw(7, 5)).not.toEqual(draw(8, 5));
});

test("numbers lie in [0, 1) and fill it evenly", () => {
  const tenths = new Array(10).fill(0);
  for (const value of draw(1, 10_000)) {
    expect(value >= 0 && value < 1).toBe(true);
    tenths[Math.floor(value * 10)] += 1;
  }
  for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

test("a seed's numbers are those of Mulberry32, on every machine", () => {
  expect(draw(1, 3)).toEqual([0.6270739405881613, 0.002735721180215478, 0.5274470399599522]);
});
