/** What a file is, by its bytes alone. */

import { expect, test } from "vitest";
import { FileTypeReader, signatureType } from "#core/file-type.ts";

function typeOf(bytes: Uint8Array, step = bytes.length || 1): string | undefined {
  const reader = new FileTypeReader();
  for (let at = 0; at < bytes.length; at += step) reader.push(bytes.subarray(at, at + step));
  return reader.end();
}

const latin1 = (text: string) => Buffer.from(text, "latin1");

test.each([
  ["image/png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
  ["image/jpeg", "\xff\xd8\xff\xe0\0\x10JFIF"],
  ["image/gif", "GIF89a\x01\0"],
  ["image/webp", "RIFF\0\0\0\0WEBPVP8 "],
  ["image/tiff", "MM\0*\0\0"],
  ["image/avif", "\0\0\0\x1cftypavif\0"],
  ["application/pdf", "%PDF-1.7\n%\xe2\xe3"],
  ["audio/wav", "RIFF\0\0\0\0WAVEfmt "],
  ["audio/mpeg", "ID3\x04\0"],
  ["video/mp4", "\0\0\0\x20ftypisom\0"],
  ["text/plain", "name,age\nada,36\n"],
  ["text/plain", "<html><script>alert(1)</script>"],
])("%s is told by its first bytes, however they are cut", (type, text) => {
  const bytes = latin1(text);
  for (const step of [1, 2, 5, 11, 12, 13, bytes.length]) expect(typeOf(bytes, step)).toBe(type);
});

test.each([
  ["nothing known", "PK\x03\x04\x14\0\x06\0"],
  ["a program", "\x7fELF\x02\x01\x01\0\0\0\0\0"],
  ["a RIFF of another kind", "RIFF\0\0\0\0AVI LIST"],
  ["text with a NUL", "a text that ends badly\0"],
  ["text with a control character far behind", `${"x".repeat(100_000)}\x01`],
  ["what is no UTF-8", "caf\xe9 in Latin-1, and more"],
  ["text that ends within a character", "ends with half of one: \xc3"],
])("%s has no type", (_name, text) => {
  const bytes = latin1(text);
  for (const step of [1, 7, bytes.length]) expect(typeOf(bytes, step)).toBeUndefined();
});

test("text of any script is text, also where pieces cut its characters", () => {
  const bytes = Buffer.from("Überprüfung: 漢字, עברית, 🙂\n\ttabs and lines\r\n");
  for (const step of [1, 2, 3, 5]) expect(typeOf(bytes, step)).toBe("text/plain");
});

test("a signature that is cut off is none", () => {
  expect(signatureType(latin1("\x89PN"))).toBeUndefined();
  expect(signatureType(new Uint8Array(0))).toBeUndefined();
});
