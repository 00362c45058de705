/** What each building block of the schema takes, what it says of the rest, and how it describes itself. */

import { describe, expect, test } from "vitest";
import { z } from "zod";
import { host } from "#config/address.ts";
import {
  duration,
  durationOrNone,
  flag,
  numberBetween,
  positiveNumber,
  share,
  size,
  text,
  textThat,
  wholeNumber,
} from "#yaml/scalar.ts";

const days = 86_400_000;

/** Each block, the values that it takes and what they come to, and what it does not take. */
const blocks: readonly {
  readonly name: string;
  /** Made by each test, as the schema does at the start. */
  readonly block: () => z.ZodType;
  readonly takes: readonly (readonly [written: unknown, value: unknown])[];
  readonly refuses: readonly unknown[];
  readonly expected: string;
  readonly described: object;
}[] = [
  {
    name: "a whole number",
    block: () => wholeNumber(2, 10),
    takes: [
      [2, 2],
      ["10", 10],
      ["007", 7],
    ],
    refuses: [1, 11, "1", "11", 2.5, "2.5", "3x", "x3", "", " 3", true, null, ["3"], Number.NaN],
    expected: "an integer from 2 to 10",
    described: { type: ["integer", "string"], minimum: 2, maximum: 10 },
  },
  {
    name: "a number above 0",
    block: () => positiveNumber(10),
    takes: [
      [0.001, 0.001],
      ["2.25", 2.25],
      [10, 10],
    ],
    refuses: [0, "0", -1, "-1", 10.01, "10.01", "1.", ".5", "1.5.2", "1e1", {}],
    expected: "a number above 0, at most 10",
    described: { type: ["number", "string"], exclusiveMinimum: 0, maximum: 10 },
  },
  {
    name: "a share",
    block: () => share(),
    takes: [
      ["1%", 0.01],
      ["0.5%", 0.005],
      ["100%", 1],
      [0.25, 0.25],
      ["0.25", 0.25],
      [1, 1],
    ],
    refuses: [0, "0%", "101%", 1.01, -0.1, "-1%", "%", "1 %", "1%%", "x%", true, null, ["1%"]],
    expected: "a share such as 1% or 0.01, above 0 and at most 100%",
    described: { type: ["number", "string"], title: "share" },
  },
  {
    name: "a number between two",
    block: () => numberBetween(-1, 10),
    takes: [
      [-1, -1],
      ["-0.25", -0.25],
      ["10", 10],
    ],
    refuses: [-1.01, "-1.01", 10.01, "--1", "1-", Number.NaN, false],
    expected: "a number from -1 to 10",
    described: { type: ["number", "string"], minimum: -1, maximum: 10 },
  },
  {
    name: "a flag",
    block: () => flag(),
    takes: [
      [true, true],
      ["true", true],
      [false, false],
      ["false", false],
    ],
    refuses: ["yes", "True", 1, 0, "", "toString", null, ["true"]],
    expected: "true or false",
    described: { type: ["boolean", "string"], pattern: "^(true|false)$" },
  },
  {
    name: "a duration",
    block: () => duration("1d"),
    takes: [
      ["1ms", 1],
      ["0.001", 1],
      [2, 2000],
      ["1m30s", 90_000],
      ["24h", days],
    ],
    refuses: [0, "0s", "0.0004", "24h1ms", "-1s", "1 s", "s", true, null, [1]],
    expected:
      "a duration such as 30s, 1m or 500ms (a bare number is seconds), above 0 and at most 1d",
    described: { type: ["number", "string"], title: "duration" },
  },
  {
    name: "a duration that may be none",
    block: () => durationOrNone("1m"),
    takes: [
      [0, 0],
      ["0s", 0],
      ["60", 60_000],
    ],
    refuses: ["61s", -1],
    expected: "a duration such as 30s, 1m or 500ms (a bare number is seconds), at most 1m",
    described: { type: ["number", "string"], title: "duration" },
  },
  {
    name: "a size",
    block: () => size("1MB"),
    takes: [
      [1, 1],
      ["1k", 1024],
      ["1MB", 1 << 20],
    ],
    refuses: [0, "0", "1048577", "2MB", -1, "1 x", true, null, [1]],
    expected: "a size such as 10MB or 512k (1k is 1024 bytes), above 0 and at most 1MB",
    described: { type: ["integer", "string"], title: "size" },
  },
  {
    name: "a text",
    block: () => text("a word", /^[a-z]+$/),
    takes: [["abc", "abc"]],
    refuses: ["", "ABC", "a b", null, ["abc"]],
    expected: "a word",
    described: { type: "string", pattern: "^[a-z]+$" },
  },
  {
    name: "a text of any kind",
    block: () => text(),
    takes: [
      [" a ", " a "],
      ["abc", "abc"],
    ],
    refuses: ["", "  ", null],
    expected: "text",
    described: { type: "string", pattern: "\\S" },
  },
  {
    name: "a host",
    block: () => host(),
    takes: [
      ["::1", "::1"],
      ["core-1.internal", "core-1.internal"],
    ],
    refuses: ["[::1]", "a b", "", "10.0.0.256", null],
    expected: "an IP address (IPv6 without brackets) or a host name",
    described: { type: "string" },
  },
  {
    name: "a text that keeps a rule",
    block: () => textThat("a palindrome", (written) => [...written].reverse().join("") === written),
    takes: [["anna", "anna"]],
    refuses: ["annas", null, {}],
    expected: "a palindrome",
    described: { type: "string" },
  },
];

/** What a block makes of a value, or what it says of it. */
function read(block: z.ZodType, written: unknown): unknown {
  const { success, data, error } = block.safeParse(written);
  return success ? data : error?.issues.map(({ message }) => message).join("; ");
}

describe.each(blocks)("$name", ({ block, takes, refuses, expected, described }) => {
  test.each(takes)("takes %j as %j", (written, value) => {
    expect(read(block(), written)).toBe(value);
  });

  test.each(refuses)("says of %j what was expected", (written) => {
    expect(read(block(), written)).toBe(`expected ${expected}`);
  });

  test("says that it is required where it is missing", () => {
    expect(read(block(), undefined)).toBe("is required");
  });

  test("tells editors what may be written", () => {
    const { $schema, ...schema } = z.toJSONSchema(block(), { io: "input" });
    expect(schema).toEqual(described);
  });
});

describe("text that YAML has read as something else", () => {
  test.each([
    [1234, "number"],
    [true, "boolean"],
  ])("such as %j is asked for in quotes", (written, kind) => {
    expect(read(text("a key"), written)).toBe(`expected a key, got a ${kind}: put it in quotes`);
  });
});
