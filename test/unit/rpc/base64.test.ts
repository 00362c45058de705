import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { fromBase64, fromBase64Pieces, toBase64 } from "#rpc/base64.ts";
import { rejection } from "../../support/call.ts";

const text = [...[1, 2, 3, 4].map((length) => toBase64(Buffer.alloc(length, length)))].join("");
const bytes = Buffer.concat([1, 2, 3, 4].map((length) => Buffer.alloc(length, length)));

test("segments that are padded one by one are one body", () => {
  expect(Buffer.from(fromBase64(text))).toEqual(bytes);
});

test.each([1, 3, 4, 5, 7])("so they are in pieces of %d", async (size) => {
  async function* pieces() {
    for (let at = 0; at < text.length; at += size) yield Buffer.from(text.slice(at, at + size));
  }
  expect(Buffer.concat(await Array.fromAsync(fromBase64Pieces(pieces())))).toEqual(bytes);
});

test.each(["A", "AB", "AB=", "A===", "====", "AB!=", "ABC=A", "AB\n="])(
  "%j is not base64",
  async (wrong) => {
    async function* pieces() {
      yield Buffer.from(wrong);
    }
    const error = await rejection(Array.fromAsync(fromBase64Pieces(pieces())));
    expect(reasonOf(error)).toBe("BODY_MALFORMED");
  },
);
