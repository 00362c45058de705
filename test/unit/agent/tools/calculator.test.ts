/** The calculator computes arithmetic, refuses everything else in words, and never hangs. */

import { describe, expect, test } from "vitest";
import { calculate, expressionLengthMax } from "#agent/tools/calculator.ts";
import { loadLimitedMath } from "#agent/tools/limited-math.ts";

const math = await loadLimitedMath();

describe("computes", () => {
  const rows = [
    ["12*7", "84"],
    ["2^10 + sqrt(16)", "1028"],
    ["0.1 + 0.2", "0.3"],
    ["5% * 80", "4"],
    ["7! / 5!", "42"],
    ["-3^2", "-9"],
    ["-7 mod 3", "2"],
    ["max(1, 2, 3) * pi", "9.4247779607694"],
    ["9007199254740991 - 0", "9007199254740991"],
    ["0 * -1", "0"],
  ] as const;
  test.each(rows)("%s is %s", (expression, text) => {
    expect(calculate(math, expression)).toEqual({ ok: true, text });
  });
});

describe("says what is wrong", () => {
  const rows = [
    ["1/0", /^division by zero$/],
    ["1/(2-2) * 0", /^division by zero$/],
    ["5 mod 0", /^division by zero$/],
    ["9^9^9", /^the result is too large$/],
    ["1e999", /^the result is too large$/],
    ["sqrt(-1) * 2", /^the result is not a real number$/],
    ["factorial(-1)", /./],
    ["", /^not arithmetic|^the result/],
    ["12*", /^Unexpected end of expression/],
    ["1".repeat(expressionLengthMax + 1), /^an expression has at most 256 characters$/],
  ] as const;
  test.each(rows)("%s", (expression, problem) => {
    const result = calculate(math, expression);
    expect(result).toEqual({ ok: false, problem: expect.stringMatching(problem) });
  });
});

describe("refuses whatever is more than arithmetic", () => {
  const rows = [
    "import({ sqrt: 1 })",
    'evaluate("1+1")',
    'parse("1")',
    'createUnit("foo")',
    'simplify("x+x")',
    'derivative("x^2", "x")',
    "cos.constructor",
    'cos.constructor("return process")',
    "f(x) = x^2",
    "a = 1",
    "1:1e9",
    "sum(1:1e9)",
    "[1, 2, 3]",
    "zeros(1e5, 1e5)",
    "combinations(1e9, 5e8)",
    '"text"',
    "1; 2",
    "true ? 1 : 2",
    "5 km",
    "i",
    "config({})",
    "{a: 1}",
  ];
  test.each(rows)("%s", (expression) => {
    expect(calculate(math, expression)).toEqual({
      ok: false,
      problem: expect.stringMatching(/^not arithmetic: \w+Node$/),
    });
  });
});

test("the dearest expressions of greatest length come to an end", () => {
  const nested = `${"sqrt(".repeat(42)}2${")".repeat(42)}`;
  const powers = `9${"^9".repeat(127)}`;
  expect(calculate(math, nested)).toEqual({ ok: true, text: "1.0000000000002" });
  expect(calculate(math, powers).ok).toBe(false);
  expect(calculate(math, "(".repeat(expressionLengthMax)).ok).toBe(false);
});
