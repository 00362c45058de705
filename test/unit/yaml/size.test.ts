/** Sizes are binary, as nginx and Docker read them. */

import { describe, expect, test } from "vitest";
import { sizeBytesFrom } from "#yaml/size.ts";

const rows: readonly { name: string; written: string | number; bytes: number | undefined }[] = [
  { name: "MB is 1024 times 1024", written: "10MB", bytes: 10_485_760 },
  { name: "MiB is the same", written: "10MiB", bytes: 10_485_760 },
  { name: "nginx's letter alone", written: "1m", bytes: 1_048_576 },
  { name: "kilobytes", written: "512k", bytes: 524_288 },
  { name: "gigabytes, with a fraction", written: "1.5GB", bytes: 1_610_612_736 },
  { name: "a fraction of as many digits as it needs", written: "1.25k", bytes: 1_280 },
  { name: "bytes by name", written: "64B", bytes: 64 },
  { name: "a bare number is bytes", written: 1_000, bytes: 1_000 },
  { name: "a space before the unit is allowed", written: "10 MB", bytes: 10_485_760 },
  { name: "an unknown unit is refused", written: "10 minutes", bytes: undefined },
  { name: "a negative one is refused", written: -5, bytes: undefined },
  { name: "empty text is refused", written: "", bytes: undefined },
];

describe("sizeBytesFrom", () => {
  test.each(rows)("$name: $written", ({ written, bytes }) => {
    expect(sizeBytesFrom(written)).toBe(bytes);
  });
});
