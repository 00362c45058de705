/** Environment variables in a text: filled, defaulted, escaped or refused. */

import { describe, expect, test } from "vitest";
import { substitute } from "#yaml/substitute.ts";

const env = { NAME: "value", EMPTY: "", NESTED: `\${NAME}` };
const filled = [
  { name: "a text without any stays as it is", written: "plain $5", text: "plain $5" },
  { name: "a variable is filled in", written: `\${NAME}`, text: "value" },
  { name: "several, with text between", written: `a-\${NAME}-\${NAME}`, text: "a-value-value" },
  { name: "a default stands in for what is not set", written: `\${NONE:-x:-y}`, text: "x:-y" },
  { name: "a default stands in for what is empty", written: `\${EMPTY:-x}`, text: "x" },
  { name: "an empty default is a default", written: `\${NONE:-}`, text: "" },
  { name: "a set variable beats its default", written: `\${NAME:-x}`, text: "value" },
  { name: "two dollars stand for one", written: `$\${NAME}`, text: `\${NAME}` },
  { name: "what is filled in is not read again", written: `\${NESTED}`, text: `\${NAME}` },
];
describe("substitute", () => {
  test.each(filled)("$name", ({ written, text }) => {
    expect(substitute(written, env)).toMatchObject({ ok: true, text });
  });

  test.each([
    {
      name: "a variable that is not set is named",
      written: `\${NONE}`,
      message: "environment variable NONE is not set",
    },
    {
      name: "an empty one counts as not set",
      written: `\${EMPTY}`,
      message: "environment variable EMPTY is not set",
    },
    {
      name: "a missing brace is refused",
      written: `\${NAME`,
      message: expect.stringContaining("without a variable's name"),
    },
    {
      name: "what a name does not begin with is refused",
      written: `\${1NAME}`,
      message: expect.stringContaining("without a variable's name"),
    },
    {
      name: "what is no name is refused and not repeated",
      written: `\${hunter-2}`,
      message: expect.not.stringContaining("hunter"),
    },
  ])("$name", ({ written, message }) => {
    expect(substitute(written, env)).toEqual({ ok: false, message });
  });
});

test("a text knows whether something of it came from elsewhere", () => {
  expect(substitute("plain", env)).toMatchObject({ isFilled: false });
  expect(substitute(`$\${NAME}`, env)).toMatchObject({ isFilled: false });
  expect(substitute(`\${NAME}`, env)).toMatchObject({ isFilled: true });
});

describe("what a file or a credential holds", () => {
  const readers = {
    file: (path: string) => ({ ok: true, text: `<file ${path}>` }) as const,
    credential: (name: string) => ({ ok: true, text: `<credential ${name}>` }) as const,
  };

  test.each([
    { written: `a \${file:/run/key}`, text: "a <file /run/key>" },
    { written: `\${credential:a:b}`, text: "<credential a:b>" },
    { written: `\${file:a\nb}`, text: "<file a\nb>" },
    { written: `\${file:}`, text: "<file >" },
    { written: `\${NONE:-file:/run/key}`, text: "file:/run/key" },
  ])("$written is $text", ({ written, text }) => {
    expect(substitute(written, env, readers)).toEqual({ ok: true, text, isFilled: true });
  });

  test("is read by nobody where there are no readers", () => {
    expect(substitute(`\${file:/run/key}`, env)).toMatchObject({ ok: false });
    expect(substitute(`\${NAME}`, env, readers)).toMatchObject({ text: "value" });
  });

  test("is missing in the reader's own words", () => {
    const file = () => ({ ok: false, message: "cannot be read" }) as const;
    expect(substitute(`\${file:x}`, env, { ...readers, file })).toEqual({
      ok: false,
      message: "cannot be read",
    });
  });
});
