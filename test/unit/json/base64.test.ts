/** What base64 is read as in JSON: both alphabets, padded or not, in lines or not. */

import { describe, expect, test } from "vitest";
import { bytesFromBase64, bytesFromLines } from "#json/base64.ts";

describe("base64", () => {
  test.each([
    ["", []],
    ["QQ==", [65]],
    ["QQ", [65]],
    ["QUI=", [65, 66]],
    ["QUI", [65, 66]],
    ["QUJD", [65, 66, 67]],
    ["-_8=", [251, 255]],
    ["+/8", [251, 255]],
  ])("%j is %j, in lines as well", (text, bytes) => {
    expect(bytesFromBase64(text)).toEqual(Uint8Array.from(bytes));
    for (const blank of [" ", "\n", "\r", "\t", "\r\n"]) {
      const lines = [...text].join(blank) + blank;
      expect(bytesFromLines(lines)).toEqual(Uint8Array.from(bytes));
      if (text !== "") expect(bytesFromBase64(lines)).toBeUndefined();
    }
  });

  test.each(["Q", "Q===", "QQ===", "QQ=A", "Q=Q=", "QQ!=", "QUJD=QUJ", "QUJ\u00e9", "QU\u0000I"])(
    "%j is none",
    (text) => {
      expect(bytesFromBase64(text)).toBeUndefined();
      expect(bytesFromLines(text)).toBeUndefined();
      expect(bytesFromLines(` ${text}`)).toBeUndefined();
    },
  );

  test.each([1, 4_096, 4_097, 20_000, 40_000])("of %d bytes has memory of its own", (length) => {
    const text = Buffer.alloc(length, 7).toString("base64");
    for (const bytes of [bytesFromBase64(text), bytesFromLines(`${text}\n`)]) {
      expect([bytes?.length, bytes?.buffer.byteLength]).toEqual([length, length]);
      expect(bytes?.every((byte) => byte === 7)).toBe(true);
    }
  });
});
