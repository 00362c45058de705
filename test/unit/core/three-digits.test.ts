/** Numbers to three digits, as numbers and as text. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { threeDigits, threeDigitsText } from "#core/three-digits.ts";

test.each([
  [0.08064800000283867, 0.081],
  [12.3456, 12.346],
  [1500, 1500],
  [-0.0004, -0],
])("%d is shown as %d", (value, shown) => {
  expect(threeDigits(value)).toBe(shown);
});

test.each([
  [0, "0.000"],
  [0.0004, "0.000"],
  [0.0005, "0.001"],
  [0.12, "0.120"],
  [1.9996, "2.000"],
  [61_234.5, "61234.500"],
])("%d is written %s", (value, text) => {
  expect(threeDigitsText(value)).toBe(text);
});

test("a text means the same number", () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1e9, noNaN: true }), (value) => {
      expect(Number(threeDigitsText(value))).toBe(threeDigits(value));
    }),
  );
});
