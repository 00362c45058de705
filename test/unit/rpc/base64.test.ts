import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { reasonOf } from "#errors/fault.ts";
import { base64CharsMax, fromBase64, fromBase64Pieces, toBase64 } from "#rpc/base64.ts";
import { rejection } from "../../support/call.ts";
import { outcomeOf } from "../../support/random-message.ts";

const text = [...[1, 2, 3, 4].map((length) => toBase64(Buffer.alloc(length, length)))].join("");
const bytes = Buffer.concat([1, 2, 3, 4].map((length) => Buffer.alloc(length, length)));

test("segments that are padded one by one are one body", () => {
  expect(Buffer.from(fromBase64(Buffer.from(text)))).toEqual(bytes);
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
    expect([error.code, reasonOf(error)]).toEqual([Code.Internal, "BODY_MALFORMED"]);
    expect(() => fromBase64(Buffer.from(wrong))).toThrow("base64");
  },
);

test.each(["A", "QUJD", "QUJDQQ=="])("%j cut within a group is said to be cut", async (whole) => {
  async function* pieces() {
    yield Buffer.from(`${whole}QU`);
  }
  const cut = "the body ends within a group of base64";
  expect((await rejection(Array.fromAsync(fromBase64Pieces(pieces())))).rawMessage).toBe(cut);
  expect(() => fromBase64(Buffer.from(`${whole}QU`))).toThrow(cut);
});

test("pieces that hold no whole group come to nothing yet", async () => {
  async function* pieces() {
    for (const character of "QUJDQUJD") yield Buffer.from(character);
  }
  const read = await Array.fromAsync(fromBase64Pieces(pieces()));
  expect(read.map((piece) => piece.length)).toEqual([3, 3]);
});

test("a body takes the memory of its bytes, and no more", () => {
  expect(fromBase64(Buffer.alloc(400_000, "QUJD")).buffer.byteLength).toBe(300_000);
});

test.each([1, 2, 3, 1000, 70_000])(
  "%d bytes fit into as many characters as they can take",
  (count) => {
    const characters = toBase64(Buffer.alloc(count)).length;
    expect(base64CharsMax(count)).toBeGreaterThanOrEqual(characters);
    expect(base64CharsMax(count)).toBeLessThanOrEqual(characters + 64);
  },
);

test("every byte, in each alphabet, is what the runtime reads", () => {
  const all = Buffer.from(Array.from({ length: 768 }, (_, index) => (index * 7) % 256));
  for (const alphabet of ["base64", "base64url"] as const) {
    expect(Buffer.from(fromBase64(Buffer.from(all.toString(alphabet))))).toEqual(all);
  }
  const read = Array.from({ length: 256 }, (_, code) => {
    try {
      return fromBase64(Uint8Array.of(code, 65, 65, 65))[0];
    } catch {
      return undefined;
    }
  });
  const isDigit = (code: number) => /[\w+/-]/.test(String.fromCharCode(code));
  expect(read.map((byte) => byte !== undefined)).toEqual(read.map((_, code) => isDigit(code)));
});

test("a body of ten megabytes is read", () => {
  const whole = Buffer.alloc(10 << 20, "some bytes");
  expect(Buffer.compare(fromBase64(Buffer.from(whole.toString("base64"))), whole)).toBe(0);
});

test("a body of millions of segments is refused, one of thousands is not", () => {
  expect(fromBase64(Buffer.alloc(40_000, "AQ=="))).toHaveLength(10_000);
  expect(() => fromBase64(Buffer.alloc(12 << 20, "AQ=="))).toThrow("over 10000 segments");
});

test("what is base64 is what the grammar says", () => {
  const grammar = /^(?:(?:[\w+/-]{4})*(?:[\w+/-]{4}|[\w+/-]{2}==|[\w+/-]{3}=))*$/;
  const rng = seededRng(1);
  for (let round = 0; round < 20_000; round += 1) {
    const length = 4 * Math.floor(rng.next() * 4);
    const characters = Array.from({ length }, () => "AAb9+/-_==!"[Math.floor(rng.next() * 11)]);
    const candidate = characters.join("");
    const isRead = outcomeOf(() => fromBase64(Buffer.from(candidate)));
    expect("value" in isRead, candidate).toBe(grammar.test(candidate));
  }
});
