import { expect, test } from "vitest";
import { isSmallPart, owned, PieceList } from "#core/piece-list.ts";

test("pieces come out in their order, all at once or one after the other", () => {
  const parts = ["a", "b", "x".repeat(3000), "c", "y".repeat(5000), "z".repeat(3000), "d", "e"];
  const [all, each] = [new PieceList(), new PieceList()];
  for (const part of parts) {
    all.push(Buffer.from(part));
    each.push(Buffer.from(part));
  }
  expect(all.takeAll(Buffer.from("head")).toString()).toBe(`head${parts.join("")}`);
  expect([all.bytes, all.takeAll().length]).toEqual([0, 0]);
  let text = "";
  for (let piece = each.shift(); piece !== undefined; piece = each.shift()) text += piece;
  expect(text).toBe(parts.join(""));
  expect(each.bytes).toBe(0);
});

test("a million pieces of a byte take little more memory than a million bytes", () => {
  const list = new PieceList();
  const byte = Buffer.from("x");
  for (let count = 0; count < 1_000_000; count += 1) list.push(byte);
  const pieces: Buffer[] = [];
  for (let piece = list.shift(); piece !== undefined; piece = list.shift()) pieces.push(piece);
  const memory = pieces.reduce((sum, { buffer }) => sum + buffer.byteLength, 0);
  expect(pieces.length).toBeLessThan(100);
  expect(memory).toBeLessThan(1_100_000);
});

test("pieces may be added between those that are taken", () => {
  const list = new PieceList();
  list.push(Buffer.from("ab"));
  list.push(Buffer.from("c"));
  expect(list.shift()?.toString()).toBe("abc");
  expect(list.shift()).toBeUndefined();
  list.push(Buffer.from("d"));
  expect(list.shift()?.toString()).toBe("d");
});

test("a piece that is a small part of something larger is kept in memory of its own", () => {
  const read = Buffer.alloc(64 * 1024, "x");
  const small = owned(read.subarray(0, 5000));
  expect(small.buffer.byteLength).toBe(5000);
  expect(small.equals(read.subarray(0, 5000))).toBe(true);
  const large = read.subarray(0, 20_000);
  expect(owned(large)).toBe(large);
});

test("a piece may keep five times its bytes in memory", () => {
  const read = new Uint8Array(500);
  expect(isSmallPart(read.subarray(0, 100))).toBe(false);
  expect(isSmallPart(read.subarray(0, 99))).toBe(true);
});

test("a piece of more than 2 KiB is not copied, and a smaller one may change after that", () => {
  const list = new PieceList();
  const [small, large] = [Buffer.alloc(2048, "s"), Buffer.alloc(2049, "l")];
  list.push(small);
  list.push(large);
  small.fill("x");
  expect(list.shift()?.equals(Buffer.alloc(2048, "s"))).toBe(true);
  expect(list.shift()).toBe(large);
});

test("a small piece by itself takes half a KiB of memory", () => {
  const list = new PieceList();
  list.push(Buffer.from("x"));
  expect(list.shift()?.buffer.byteLength).toBe(512);
});

test("small pieces that fill their memory to the last byte are one piece", () => {
  const list = new PieceList();
  for (const fill of ["a", "b"]) list.push(Buffer.alloc(256, fill));
  expect(list.shift()?.toString()).toBe("a".repeat(256) + "b".repeat(256));
});

test("small pieces are put together though larger ones before them are taken meanwhile", () => {
  const list = new PieceList();
  for (let count = 0; count < 2; count += 1) list.push(Buffer.alloc(3000, "l"));
  list.push(Buffer.from("a"));
  list.shift();
  list.push(Buffer.from("b"));
  list.shift();
  expect(list.shift()?.toString()).toBe("ab");
});
