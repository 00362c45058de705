import { expect, test } from "vitest";
import { codingNames, codingOf, preferredCoding } from "#protocol/compression.ts";

const names = codingNames.split(",");

test("gzip, br and zstd are known; identity is no coding", () => {
  expect(names).toEqual(["gzip", "br", "zstd"]);
  expect(codingOf("identity")).toBeUndefined();
});

test.each([
  ["gzip", "gzip"],
  ["zstd, gzip", "zstd"],
  ["identity,br", "br"],
  ["snappy , BR;q=0.5", "br"],
  ["gzip;q=0, zstd", "zstd"],
  ["gzip;q=0.000", undefined],
  ["gzip;q=0.4, br;q=0.8", "br"],
  ["gzip, br, zstd", "zstd"],
  ["deflate", undefined],
  ["", undefined],
  [undefined, undefined],
])("of %j an answer gets %s", (accept, name) => {
  expect(preferredCoding(accept)?.name).toBe(name);
  expect(preferredCoding(accept)?.name, "the same the second time").toBe(name);
});
