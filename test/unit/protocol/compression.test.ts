import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { codingNames, codingOf, decompressed, preferredCoding } from "#protocol/compression.ts";
import { rejection } from "../../support/call.ts";

const names = codingNames.split(",");
const reading = { messageBytesMax: 1000, malformedCode: Code.InvalidArgument };

function known(name: string) {
  const coding = codingOf(name);
  if (coding === undefined) throw new Error(`${name} is not known`);
  return {
    ...coding,
    /** Few are compressed here at one time, so none is refused. */
    compress: async (bytes: Uint8Array) => (await coding.compress(bytes)) ?? bytes,
  };
}

test("gzip, br and zstd are known; identity is no coding", () => {
  expect(names).toEqual(["gzip", "br", "zstd"]);
  expect(codingOf("identity")).toBeUndefined();
});

describe.each(names)("%s", (name) => {
  test("gives back what it was given, up to the limit and no byte further", async () => {
    const coding = known(name);
    const whole = Buffer.alloc(1000, "ab");
    const compressed = await coding.compress(whole);
    expect(compressed.length).toBeLessThan(100);
    expect(Buffer.compare(await decompressed(coding, compressed, reading), whole)).toBe(0);
    const over = await coding.compress(Buffer.alloc(1001));
    const error = await rejection(decompressed(coding, over, reading));
    expect([error.code, reasonOf(error)]).toEqual([Code.ResourceExhausted, "BODY_TOO_LARGE"]);
  });

  test("bytes that are not its own are refused with the protocol's code", async () => {
    const garbage = Buffer.from("not compressed at all");
    const error = await rejection(decompressed(known(name), garbage, reading));
    expect([error.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "BODY_MALFORMED"]);
  });

  test("a message cut off is refused", async () => {
    const whole = await known(name).compress(Buffer.from(Array.from({ length: 200 }, (_, i) => i)));
    const error = await rejection(decompressed(known(name), whole.subarray(0, -9), reading));
    expect(reasonOf(error)).toBe("BODY_MALFORMED");
  });

  test("an empty message may be called compressed", async () => {
    expect(await decompressed(known(name), new Uint8Array(0), reading)).toHaveLength(0);
  });
});

test("a compressed message without a coding is INTERNAL in every protocol", async () => {
  const error = await rejection(decompressed(undefined, Buffer.from("x"), reading));
  expect(error.code).toBe(Code.Internal);
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
