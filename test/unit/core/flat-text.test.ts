/** A text in one piece is the same text. */

import { expect, test } from "vitest";
import { flatText } from "#core/flat-text.ts";

test.each(["", "a".repeat(30), "naïve", "語".repeat(9), "\u{1f600}", "\ud800 half", "\ufeffmark"])(
  "%j stays what it is",
  (text) => {
    expect(flatText(`${text}${text}`)).toBe(text + text);
  },
);
