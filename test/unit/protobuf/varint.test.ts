import { expect, test } from "vitest";
import { varintBytes, varintBytesMax } from "#protobuf/varint.ts";

test.each([
  [0, 1],
  [0x7f, 1],
  [0x80, 2],
  [0x3fff, 2],
  [0x4000, 3],
  [0x1f_ffff, 3],
  [0x20_0000, 4],
  [0xfff_ffff, 4],
  [0x1000_0000, varintBytesMax],
  [0xffff_ffff, varintBytesMax],
])("%i takes %i bytes", (value, bytes) => {
  expect(varintBytes(value)).toBe(bytes);
});
