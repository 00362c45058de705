/** Contexts as W3C writes them: which fields are one, and what is passed on. */

import { expect, test } from "vitest";
import { parentOf, stateOf, TraceContext } from "#core/trace-context.ts";

const traceId = "0af7651916cd43dd8448eb211c80319c";
const spanId = "b7ad6b7169203331";

test.each([
  { field: `00-${traceId}-${spanId}-01`, isSampled: true },
  { field: `00-${traceId}-${spanId}-00`, isSampled: false },
  // Other flags are of other versions.
  { field: `00-${traceId}-${spanId}-fe`, isSampled: false },
  { field: `cc-${traceId}-${spanId}-01`, isSampled: true },
  { field: `cc-${traceId}-${spanId}-01-what-is-to-come`, isSampled: true },
])("$field is a parent", ({ field, isSampled }) => {
  expect(parentOf(field)).toEqual({ traceId, spanId, isSampled });
});

test.each([
  undefined,
  "",
  "00",
  `00-${traceId}-${spanId}`,
  `00-${traceId}-${spanId}-01-more`,
  `00-${traceId}-${spanId}-01.more`,
  `cc-${traceId}-${spanId}-01.more`,
  `ff-${traceId}-${spanId}-01`,
  `0-${traceId}-${spanId}-01`,
  `00-${traceId.toUpperCase()}-${spanId}-01`,
  `00-${traceId.slice(1)}-${spanId}-01`,
  `00-${"0".repeat(32)}-${spanId}-01`,
  `00-${traceId}-${"0".repeat(16)}-01`,
  `00-${traceId}-${spanId}-01, 00-${traceId}-${spanId}-01`,
  `cc-${traceId}-${spanId}-01-${"x".repeat(100)}`,
])("%s is none", (field) => {
  expect(parentOf(field)).toBeUndefined();
});

test("a state is passed on as it is, unless it is too long or no text of a field", () => {
  expect(stateOf("vendor=1,other=a b")).toBe("vendor=1,other=a b");
  expect(stateOf("a=1".padEnd(512, "x"))).toHaveLength(512);
  for (const field of [undefined, "", "a=1".padEnd(513, "x"), "a=\n", "a=é"]) {
    expect(stateOf(field)).toBeUndefined();
  }
});

test("a context is passed on with its flag, and a state only where there is one", () => {
  expect(new TraceContext({ traceId, spanId }, true).fields()).toEqual([
    ["traceparent", `00-${traceId}-${spanId}-01`],
  ]);
  expect(new TraceContext({ traceId, spanId }, false, "a=1").fields()).toEqual([
    ["traceparent", `00-${traceId}-${spanId}-00`],
    ["tracestate", "a=1"],
  ]);
});
