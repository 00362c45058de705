/** The unit converter takes the names that people write and says which one it does not know. */

import { describe, expect, test } from "vitest";
import { loadLimitedMath } from "#agent/tools/limited-math.ts";
import { convertUnits } from "#agent/tools/unit-converter.ts";

const math = await loadLimitedMath();

describe("converts", () => {
  const rows = [
    [5, "miles", "km", "8.04672"],
    [100, "F", "C", "37.777777777778"],
    [-40, "fahrenheit", "celsius", "-40"],
    [1, "pound", "kg", "0.45359237"],
    [3, "feet", "inches", "36"],
    [60, "mph", "km/h", "96.56064"],
    [2, "Litres", "mL", "2000"],
    [1, "acre", "m^2", "4046.86"],
    [1.5, "hours", "min", "90"],
    [2, "GB", "MB", "2000"],
  ] as const;
  test.each(rows)("%d %s into %s is %s", (value, from, to, text) => {
    expect(convertUnits(math, { value, from, to })).toEqual({ ok: true, text });
  });
});

describe("says what is wrong", () => {
  const rows = [
    [{ value: 5, from: "foo", to: "km" }, 'unknown unit "foo"'],
    [{ value: 5, from: "km", to: "bar stool" }, 'unknown unit "bar stool"'],
    [{ value: 5, from: "kg", to: "km" }, "cannot convert kg to km"],
    [{ value: 5, from: "x".repeat(99), to: "km" }, `unknown unit "${"x".repeat(99)}"`],
    [{ value: 1e308, from: "km", to: "mm" }, "the result is too large"],
    [{ value: 1, from: "constructor", to: "km" }, 'unknown unit "constructor"'],
  ] as const;
  test.each(rows)("%o", (conversion, problem) => {
    expect(convertUnits(math, conversion)).toEqual({ ok: false, problem });
  });
});
