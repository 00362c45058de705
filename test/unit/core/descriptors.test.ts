import { expect, test } from "vitest";
import { connectionsWithin, descriptorsMax } from "#core/descriptors.ts";

const limits = (
  soft: string,
) => `Limit                     Soft Limit           Hard Limit           Units
Max processes             95000                95000                processes
Max open files            ${soft.padEnd(20)} 4096                 files
`;

test.each([
  ["256", 256],
  ["unlimited", Number.POSITIVE_INFINITY],
])("the limit that is in force counts: %s", (soft, expected) => {
  expect(descriptorsMax(() => limits(soft))).toBe(expected);
});

test("a system that tells nothing limits nothing", () => {
  const refuse = () => {
    throw new Error("ENOENT");
  };
  expect([descriptorsMax(refuse), descriptorsMax(() => "")]).toEqual([
    Number.POSITIVE_INFINITY,
    Number.POSITIVE_INFINITY,
  ]);
});

test.each([
  { descriptors: 256, listeners: 1, connections: 128 },
  { descriptors: 256, listeners: 2, connections: 32 },
  { descriptors: 20_000, listeners: 1, connections: 14_936 },
  { descriptors: 64, listeners: 1, connections: 1 },
  { descriptors: Number.POSITIVE_INFINITY, listeners: 1, connections: Number.POSITIVE_INFINITY },
])(
  "a quarter of $descriptors descriptors, 64 at least, is no client's, over $listeners listeners",
  ({ descriptors, listeners, connections }) => {
    expect(connectionsWithin(descriptors, listeners, 64)).toBe(connections);
  },
);
