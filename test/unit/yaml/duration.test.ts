/** Durations mean what nginx and Go readers expect. */

import { describe, expect, test } from "vitest";
import { durationMsFrom } from "#yaml/duration.ts";

const rows: readonly { name: string; written: string | number; ms: number | undefined }[] = [
  { name: "seconds", written: "30s", ms: 30_000 },
  { name: "minutes", written: "1m", ms: 60_000 },
  { name: "milliseconds are not minutes and seconds", written: "500ms", ms: 500 },
  { name: "hours and days", written: "1d2h", ms: 93_600_000 },
  { name: "parts add up", written: "1m30s", ms: 90_000 },
  { name: "fractions", written: "0.5s", ms: 500 },
  { name: "a bare number is seconds", written: 5, ms: 5_000 },
  {
    name: "a bare number as text is seconds, as the environment writes it",
    written: "5",
    ms: 5_000,
  },
  { name: "a bare number has as many digits as it needs", written: 12.25, ms: 12_250 },
  { name: "a fraction has as many digits as it needs", written: "1.25s", ms: 1_250 },
  { name: "what stands before it is refused", written: "x1s", ms: undefined },
  { name: "what stands behind it is refused", written: "1sx", ms: undefined },
  { name: "zero is a duration", written: "0s", ms: 0 },
  { name: "a unit alone is none", written: "s", ms: undefined },
  { name: "spaces are refused", written: "5 s", ms: undefined },
  { name: "a negative one is refused", written: -1, ms: undefined },
  { name: "an unknown unit is refused", written: "5w", ms: undefined },
  { name: "words are refused", written: "5 minutes", ms: undefined },
  { name: "empty text is refused", written: "", ms: undefined },
  { name: "NaN is refused", written: Number.NaN, ms: undefined },
];

describe("durationMsFrom", () => {
  test.each(rows)("$name: $written", ({ written, ms }) => {
    expect(durationMsFrom(written)).toBe(ms);
  });
});
