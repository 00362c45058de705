import fc from "fast-check";
import { expect, test } from "vitest";
import { wireOf } from "#exchange/preface.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

test("every proper beginning of the preface leaves it open, the whole tells HTTP/2", () => {
  for (let length = 0; length < preface.length; length += 1) {
    expect(wireOf(preface.subarray(0, length))).toBeUndefined();
  }
  expect(wireOf(preface)).toBe("2");
  expect(wireOf(Buffer.concat([preface, Buffer.from("more")]))).toBe("2");
});

test("the first byte that differs tells HTTP/1.1", () => {
  for (const text of ["GET / HTTP/1.1", "P", "PUT", "PRI * HTTP/1.1", "\x16"]) {
    expect([text, wireOf(Buffer.from(text))]).toEqual([text, text === "P" ? undefined : "1.1"]);
  }
});

test("no bytes make it throw, and more bytes never change a verdict", () => {
  const cut = fc.property(
    fc.uint8Array({ maxLength: 40 }),
    fc.uint8Array({ maxLength: 8 }),
    (bytes, more) => {
      const verdict = wireOf(bytes);
      if (verdict !== undefined) expect(wireOf(Buffer.concat([bytes, more]))).toBe(verdict);
    },
  );
  fc.assert(cut);
});
