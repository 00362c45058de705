/** What a bad template is told; valid ones are held by the vectors and by properties. */

import { expect, test } from "vitest";
import { parseTemplate, resolveIndex } from "#rest/template.ts";

test.for([
  { text: "", column: 1, problem: "expected /" },
  { text: "v1", column: 1, problem: "expected /" },
  { text: "/v1/", column: 5, problem: "expected a segment" },
  { text: "/a b", column: 3, problem: "expected the template to end here" },
  { text: "/{a={b}}", column: 5, problem: "expected a segment" },
  { text: "/{a.}", column: 5, problem: "expected a field name" },
  { text: "/{a", column: 4, problem: "expected }" },
  { text: "/***", column: 5, problem: "no wildcard is longer than **" },
  { text: "/a:", column: 4, problem: "expected a verb" },
  { text: "/a:b:c", column: 5, problem: "expected the template to end here" },
  { text: "/%ff", column: 5, problem: "not UTF-8" },
  { text: "/**/*", column: 6, problem: "only literals may follow **" },
  { text: "/{a}/{a}", column: 9, problem: "duplicate variable a" },
])("$text is refused at column $column", ({ text, column, problem }) => {
  expect(() => parseTemplate(text)).toThrow(`path template "${text}", column ${column}: `);
  expect(() => parseTemplate(text)).toThrow(problem);
});

test("literals and verbs are decoded, so that templates and paths meet however they are escaped", () => {
  const { segments, verb } = parseTemplate("/%C3%A9/a%3Ab:%2c");
  expect(segments).toEqual([
    { kind: "literal", text: "é" },
    { kind: "literal", text: "a:b" },
  ]);
  expect(verb).toBe(",");
});

test("variables behind any number of segments are counted from the path's end", () => {
  const { segments, variables } = parseTemplate("/v1/{x=a/*}/{y=**}/b/{z=c}");
  expect(segments.map(({ kind }) => kind)).toEqual([
    "literal",
    "literal",
    "one",
    "many",
    "literal",
    "literal",
  ]);
  expect(variables).toEqual([
    { names: ["x"], start: 1, end: 3, multi: true },
    { names: ["y"], start: 3, end: -3, multi: true },
    { names: ["z"], start: -2, end: -1, multi: false },
  ]);
  expect(variables.map(({ end }) => resolveIndex(end, 9))).toEqual([3, 7, 9]);
});
