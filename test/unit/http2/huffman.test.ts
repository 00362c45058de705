import fc from "fast-check";
import { expect, test } from "vitest";
import { decodedBytesMax, decodeHuffman, huffmanLength, writeHuffman } from "#http2/huffman.ts";

function decode(hex: string): string | undefined {
  const coded = Buffer.from(hex, "hex");
  const into = Buffer.alloc(decodedBytesMax(coded.length) + 2);
  const length = decodeHuffman(coded, 0, coded.length, into);
  return length < 0 ? undefined : into.toString("latin1", 0, length);
}

function encode(text: string): string {
  const into = Buffer.alloc(huffmanLength(text) + 1);
  const end = writeHuffman(text, into, 0);
  expect(end).toBe(huffmanLength(text));
  return into.toString("hex", 0, end);
}

const examples = [
  { name: "RFC 7541 C.4.1", text: "www.example.com", hex: "f1e3c2e5f23a6ba0ab90f4ff" },
  { name: "RFC 7541 C.4.2", text: "no-cache", hex: "a8eb10649cbf" },
  { name: "RFC 7541 C.4.3", text: "custom-value", hex: "25a849e95bb8e8b4bf" },
  {
    name: "RFC 7541 C.6.1",
    text: "Mon, 21 Oct 2013 20:13:21 GMT",
    hex: "d07abe941054d444a8200595040b8166e082a62d1bff",
  },
  { name: "nothing", text: "", hex: "" },
  { name: "the longest codes", text: "\n\r\x16", hex: "fffffff3ffffffdfffffffbf" },
] as const;

for (const { name, text, hex } of examples) {
  test(`${name} encodes and decodes`, () => {
    expect(encode(text)).toBe(hex);
    expect(decode(hex)).toBe(text);
  });
}

const refused = [
  { name: "padding of eight bits", hex: "1fff" },
  { name: "padding that is not all ones", hex: "18" },
  { name: "a whole EOS", hex: "ffffffff" },
  { name: "an EOS in the middle", hex: "fffffffc1f" },
  { name: "a code that is cut off", hex: "ff" },
] as const;

for (const { name, hex } of refused) {
  test(`${name} is refused`, () => expect(decode(hex)).toBeUndefined());
}

test("any octets survive both ways", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => {
      const text = Buffer.from(octets).toString("latin1");
      expect(decode(encode(text))).toBe(text);
    }),
  );
});

test("what decodes encodes to the same bytes: a text has one code", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (coded) => {
      const hex = Buffer.from(coded).toString("hex");
      const text = decode(hex);
      if (text !== undefined) expect(encode(text)).toBe(hex);
    }),
    { numRuns: 2000 },
  );
});
