/** A long text of a form says the same, wherever it is cut to be decoded. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeFormText, stretchEnd } from "#rest/pairs.ts";

const written = fc
  .array(
    fc.oneof(
      fc.string({ unit: "grapheme", maxLength: 4 }).map(encodeURIComponent),
      fc.constantFrom("+", "a", "%20", "%F0%9D%84%9E", "%C3%A9", "é"),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(""));

test("stretches are decoded one by one to what the whole says", () => {
  fc.assert(
    fc.property(written, fc.integer({ min: 12, max: 40 }), (text, chars) => {
      let decoded = "";
      for (let at = 0; at < text.length; ) {
        const end = stretchEnd(text, at, chars);
        expect(end).toBeGreaterThan(at);
        decoded += decodeFormText(text.slice(at, end), "x");
        at = end;
      }
      expect(decoded).toBe(new URLSearchParams(`x=${text.replaceAll("&", "%26")}`).get("x"));
    }),
    { numRuns: 2000 },
  );
});

test("any text is cut into stretches that end", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom("%", "8", "b", "%80", "é", "4")), (parts) => {
      const text = parts.join("");
      for (let at = 0, end = 0; at < text.length; at = end) {
        end = stretchEnd(text, at, 5);
        expect(end).toBeGreaterThan(at);
      }
    }),
  );
});
