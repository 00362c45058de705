/** Which tools a message leads to. */

import { describe, expect, test, vi } from "vitest";
import { invocationsMax, planTools, searchedLengthMax } from "#agent/plan.ts";

const sum = (expression: string) => ({ tool: "calculator", expression });
const conversion = (value: number, from: string, to: string) => ({
  tool: "unit_converter",
  value,
  from,
  to,
});
const time = (zone: string) => ({ tool: "clock", zone });

describe("arithmetic", () => {
  const rows = [
    ["what is 12*7?", ["12*7"]],
    ["What is 12 times 7, please", ["12 * 7"]],
    ["12 x 7 and 3x4", ["12*7", "3*4"]],
    ["compute (2+3)*4.", ["(2+3)*4"]],
    ["20% of 80", ["20% * 80"]],
    ["the square root of 144 plus 1", ["sqrt(144) + 1"]],
    ["sqrt(16)+2^10", ["sqrt(16)+2^10"]],
    ["10 divided by 0", ["10 / 0"]],
    ["1,000 * 3 = ?", ["1000 * 3"]],
    ["max(1,200) - 5", ["max(1,200) - 5"]],
    ["(12*7", ["12*7"]],
    ["12*7)", ["12*7"]],
    ["it is 12*7!", ["12*7"]],
    ["5 squared", ["5^2"]],
  ] as const;
  test.each(rows)("%s", (text, expressions) => {
    expect(planTools(text)).toEqual(expressions.map(sum));
  });
});

describe("conversions", () => {
  const rows = [
    ["how many km is 5 miles", conversion(5, "miles", "km")],
    ["How many inches are in a foot?", conversion(1, "foot", "inches")],
    ["convert 1,500 m to km", conversion(1500, "m", "km")],
    ["convert 5 foo to km", conversion(5, "foo", "km")],
    ["what is 100 degrees Fahrenheit in celsius?", conversion(100, "Fahrenheit", "celsius")],
    ["60 miles per hour to km/h", conversion(60, "miles/hour", "km/h")],
    ["-40 C in F", conversion(-40, "C", "F")],
  ] as const;
  test.each(rows)("%s", (text, call) => {
    expect(planTools(text)).toEqual([call]);
  });
});

describe("times", () => {
  const rows = [
    ["what time is it in Tokyo", time("Asia/Tokyo")],
    ["What's the time in new york please?", time("America/New_York")],
    ["what time is it?", time("UTC")],
    ["current time in Atlantis", time("Atlantis")],
  ] as const;
  test.each(rows)("%s", (text, call) => {
    expect(planTools(text)).toEqual([call]);
  });
});

describe("nothing to compute", () => {
  const rows = [
    "hello",
    "",
    "on 2026-01-31 I have 2 meetings to attend",
    "version 1.2.3 of page 7",
    "3 apples in baskets",
    "10:30",
    "import('fs')",
    "https://example.com/a/b",
    "wow! 5% (or so)",
  ];
  test.each(rows)("%s", (text) => {
    expect(planTools(text)).toEqual([]);
  });
});

test("several kinds in one message are all found, each call once", () => {
  expect(planTools("2+2, 2+2, 5 km in miles, what time is it in Paris")).toEqual([
    time("Europe/Paris"),
    conversion(5, "km", "miles"),
    sum("2+2"),
  ]);
});

test("a message leads to no more calls than the limit", () => {
  const text = Array.from({ length: 50 }, (_, index) => `${index}+1`).join(" and ");
  expect(planTools(text)).toHaveLength(invocationsMax);
});

const hostile = ["9".repeat(1e6), "( ".repeat(1e6), "1 a ".repeat(1e6), "how many a ".repeat(1e5)];
test.each(hostile)(
  "a message of a million characters is searched only as far as the limit",
  (text) => {
    expect(planTools(text)).toEqual(planTools(text.slice(0, searchedLengthMax)));
  },
);

test("a text full of requests costs no more than those that it is given", () => {
  const zones = vi.spyOn(Intl, "DateTimeFormat");
  const letters = "abcdefghijklmnopqrstuvwxyz";
  const places = Array.from(letters, (letter) => `current time in ${letter}/a b c. `).join("");
  expect(planTools(places + places)).toHaveLength(invocationsMax);
  expect(planTools("current time in a/a b c. ".repeat(150))).toHaveLength(1);
  // A place of three words is looked for under three names.
  expect(zones.mock.calls.length).toBeLessThanOrEqual(3 * (invocationsMax + 1));
  zones.mockRestore();
});
