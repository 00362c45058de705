import { describe, expect, test } from "vitest";
import { bytesFromTexts, textsOf } from "#inference/tensor-text.ts";

function read(shape: readonly number[], bytes: Uint8Array) {
  return textsOf({ datatype: "BYTES", shape, bytes });
}

describe("texts", () => {
  const rows = [
    { name: "none", texts: [] },
    { name: "an empty one", texts: [""] },
    { name: "several of different length", texts: ["a", "", "three"] },
    { name: "other alphabets and emoji", texts: ["Grüße", "日本語", "👋🏽"] },
    { name: "a byte order mark is a character like others", texts: ["\uFEFFx"] },
  ];
  for (const { name, texts } of rows) {
    test(`${name}: come back as they went in`, () => {
      expect(read([texts.length], bytesFromTexts(texts))).toEqual({ ok: true, texts });
    });
    test(`${name}: also from the middle of a larger buffer`, () => {
      const bytes = bytesFromTexts(texts);
      const buffer = Buffer.alloc(bytes.length + 3);
      buffer.set(bytes, 3);
      expect(read([texts.length], buffer.subarray(3))).toEqual({ ok: true, texts });
    });
  }
  test("an element is its length as little-endian uint32 and its UTF-8", () => {
    expect([...bytesFromTexts(["é"])]).toEqual([2, 0, 0, 0, 0xc3, 0xa9]);
  });
  test("the shape may have any rank", () => {
    expect(read([], bytesFromTexts(["one"]))).toEqual({ ok: true, texts: ["one"] });
    expect(read([2, 1], bytesFromTexts(["a", "b"]))).toEqual({ ok: true, texts: ["a", "b"] });
  });
});

describe("broken bytes are told by element", () => {
  const good = [...bytesFromTexts(["good"])];
  const rows = [
    {
      name: "a length that ends early",
      bytes: [...good, 1, 0],
      problem: "element 1 runs past the end",
    },
    {
      name: "a length beyond the end",
      bytes: [...good, 9, 0, 0, 0, 65],
      problem: "element 1 runs past the end",
    },
    {
      name: "a length as large as can be",
      bytes: [0xff, 0xff, 0xff, 0xff, 65],
      problem: "element 0 runs past the end",
    },
    {
      name: "bytes that are not UTF-8",
      bytes: [1, 0, 0, 0, 0xff],
      problem: "element 0 is not UTF-8",
    },
    { name: "too few elements", bytes: good, problem: "1 elements do not fill shape [2]" },
    {
      name: "too many elements",
      bytes: [...good, ...good, ...good],
      problem: "3 elements do not fill shape [2]",
    },
  ];
  for (const { name, bytes, problem } of rows) {
    test(name, () => expect(read([2], new Uint8Array(bytes))).toEqual({ ok: false, problem }));
  }
});
