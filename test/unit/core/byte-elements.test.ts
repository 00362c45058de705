/** Elements with their lengths: gathered one by one or written at once, read and counted. */

import { describe, expect, test } from "vitest";
import {
  bytesFromElements,
  countOfElements,
  elementsIn,
  GatheredElements,
} from "#core/byte-elements.ts";

const parts = ["", "a", "ä€\u{2A6D6}", "x".repeat(300)].map((text) => Buffer.from(text));

describe("elements", () => {
  test("come back as they went in", () => {
    const bytes = bytesFromElements(parts);
    expect(bytes.subarray(0, 9)).toEqual(Uint8Array.of(0, 0, 0, 0, 1, 0, 0, 0, 0x61));
    expect(elementsIn(bytes)?.map((part) => Buffer.from(part))).toEqual(parts);
    expect(countOfElements(bytes)).toBe(parts.length);
  });

  test("that are gathered are the same bytes, texts or not", () => {
    const texts = new GatheredElements();
    const mixed = new GatheredElements();
    for (const [at, part] of parts.entries()) {
      texts.add(String(part));
      mixed.add(at % 2 === 0 ? part : String(part));
    }
    expect(texts.take()).toEqual(bytesFromElements(parts));
    expect(mixed.take()).toEqual(bytesFromElements(parts));
    expect(texts.take()).toEqual(new Uint8Array());
  });

  test.each([
    ["a length that is cut off", [1, 0, 0]],
    ["an element that is cut off", [2, 0, 0, 0, 0x61]],
    ["a length beyond all", [0xff, 0xff, 0xff, 0xff]],
  ])("are none with %s", (_, bytes) => {
    expect(elementsIn(Uint8Array.from(bytes))).toBeUndefined();
    expect(countOfElements(Uint8Array.from(bytes))).toBeUndefined();
  });
});
