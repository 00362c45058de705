import { expect, test } from "vitest";
import { inOwnMemory } from "#core/own-memory.ts";

test("pieces lie one behind the other, in memory that holds nothing else", () => {
  const pieces = ["one", "", "two", "three"].map((text) => Buffer.from(text));
  const bytes = inOwnMemory(...pieces);
  expect(bytes.toString()).toBe("onetwothree");
  expect(bytes.buffer.byteLength).toBe(bytes.length);
  expect(inOwnMemory()).toHaveLength(0);
});

test("what was copied may change without them", () => {
  const piece = Buffer.from("abc");
  const bytes = inOwnMemory(piece);
  piece.fill(0);
  expect(bytes.toString()).toBe("abc");
});
