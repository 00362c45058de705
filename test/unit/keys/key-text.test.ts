/** The text of a key: what it holds, and what is recognised of it. */

import { expect, test } from "vitest";
import { digestOf, isKeyText, newKeyText, shownOf } from "#keys/key-text.ts";

test("a key has a prefix that scanners know, 256 random bits and a checksum, in letters and digits", () => {
  const texts = Array.from({ length: 1_000 }, newKeyText);
  expect(new Set(texts).size).toBe(1_000);
  for (const text of texts) {
    expect(text).toMatch(/^pg_live_[0-9A-Za-z]{49}$/);
    expect(isKeyText(text)).toBe(true);
  }
});

test("any other character in any place is seen without the store", () => {
  const text = newKeyText();
  for (let at = 0; at < text.length; at += 1) {
    const other = text[at] === "x" ? "y" : "x";
    expect(isKeyText(text.slice(0, at) + other + text.slice(at + 1))).toBe(false);
  }
  for (const wrong of ["", "pg_live_", text.slice(1), text.slice(0, -1), `${text}0`, ` ${text}`]) {
    expect(isKeyText(wrong)).toBe(false);
  }
});

test("what is shown of a key is 24 of its 256 bits, what is stored is its SHA-256", () => {
  const text = newKeyText();
  expect(shownOf(text)).toBe(text.slice(0, 12));
  expect(digestOf("pg_live_x")).toBe(
    "57c09380ee9992e21b839b4ca05cc53cf313f9cfdf95871cb30117ca27bbfbc5",
  );
});
