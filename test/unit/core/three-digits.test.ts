import { expect, test } from "vitest";
import { threeDigits } from "#core/three-digits.ts";

test.each([
  [0.08064800000283867, 0.081],
  [12.3456, 12.346],
  [1500, 1500],
  [-0.0004, -0],
])("%d is shown as %d", (value, shown) => {
  expect(threeDigits(value)).toBe(shown);
});
