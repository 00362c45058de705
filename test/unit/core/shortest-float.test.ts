import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonNumber, shortestFloat16, shortestFloat32 } from "#core/shortest-float.ts";

test.each([
  [1.100000023841858, 1.1],
  [0.1, 0.1],
  [-0.30000001192092896, -0.3],
  [3.4028234663852886e38, 3.4028235e38],
  [1.401298464324817e-45, 1e-45],
  [16_777_216, 16_777_216],
  [1_234_567_936, 1_234_567_936],
  [1_234_567.5, 1_234_567.5],
  [1e20, 1e20],
  [0.9899135455961122, 0.9899135],
  [0, 0],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
  [Number.NaN, Number.NaN],
])("%d is written %d", (value, written) => {
  expect(shortestFloat32(value)).toBe(written);
});

test.each([
  [-0, "-0.0"],
  [0, "0"],
  [-1.5, "-1.5"],
  [2n ** 63n, "9223372036854775808"],
])("%s is %s in JSON, and reads back as the same", (value, written) => {
  expect(jsonNumber(value)).toBe(written);
  expect(JSON.parse(written)).toBe(Number(value));
});

/** Significant digits of a number as JavaScript writes it. */
function digitsOf(value: number): number {
  const [digits = ""] = Math.abs(value).toString().split("e");
  return digits.replace(".", "").replace(/^0+/, "").replace(/0+$/, "").length;
}

test.each([
  { type: "32 bits", shortest: shortestFloat32, round: Math.fround },
  { type: "16 bits", shortest: shortestFloat16, round: Math.f16round },
])("every float of $type reads back as itself, and no decimal with fewer digits does", (row) => {
  const floats = fc.oneof(fc.float({ noNaN: true }), fc.double({ noNaN: true }));
  fc.assert(
    fc.property(floats, (value) => {
      const float = row.round(value);
      const written = row.shortest(value);
      expect(row.round(written)).toBe(float);
      if (!Number.isFinite(float) || Number.isSafeInteger(float)) return;
      const fewer = digitsOf(written) - 1;
      if (fewer > 0) expect(row.round(Number(float.toPrecision(fewer)))).not.toBe(float);
    }),
    { numRuns: 2000 },
  );
});
