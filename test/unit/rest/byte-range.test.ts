/** Which bytes a Range field asks for, without sockets: those that count, that are ignored, that are not there. */

import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { rangeOf } from "#rest/byte-range.ts";
import { rejection } from "../../support/call.ts";

/** The range of a request for something of 10 bytes. */
function ask(range: string, method = "GET", more: Readonly<Record<string, string>> = {}) {
  const fields: Readonly<Record<string, string>> = { range, ...more };
  return rangeOf({ method, header: (name: string) => fields[name] } as never, 10);
}

describe("a range", () => {
  test.each([
    ["bytes=0-0", 0, 1],
    ["bytes=2-5", 2, 6],
    ["bytes=2-", 2, 10],
    ["bytes=-3", 7, 10],
    ["bytes=9-9", 9, 10],
    ["bytes=0-9", 0, 10],
    ["bytes=8-20", 8, 10],
    ["bytes=-20", 0, 10],
    [" Bytes = 1-2 ", 1, 3],
    ["bytes=,1-2,", 1, 3],
    ["bytes=1-2, ", 1, 3],
    ["bytes=5-5", 5, 6],
  ])("%j is of these bytes", (range, start, end) => {
    expect(ask(range)).toEqual({ start, end });
  });

  test.each([
    "bytes=x1-2",
    "bytes=1-2x",
    "bytes=1-2-3",
    "bytes=, ",
    "bytes=5-2",
    "bytes=-",
    "bytes=",
    "bytes",
    "",
    "octets=0-1",
    "bytes=0-1,3-4",
  ])("%j is ignored", (range) => expect(ask(range)).toBeUndefined());

  test.each(["bytes=10-", "bytes=10-10", "bytes=11-20", "bytes=-0"])(
    "%j is not there, and the size is told",
    async (range) => {
      const error = await rejection((async () => ask(range))());
      expect(reasonOf(error)).toBe("RANGE_INVALID");
      expect(error.rawMessage).toContain("10 bytes");
      expect(error.metadata.get("content-range")).toBe("bytes */10");
    },
  );

  test("of another method, or of a version, is ignored", () => {
    expect(ask("bytes=0-1", "HEAD")).toBeUndefined();
    expect(ask("bytes=0-1", "GET", { "if-range": '"v1"' })).toBeUndefined();
  });
});

test("a request without a range asks for all", () => {
  expect(rangeOf({ method: "GET", header: () => undefined }, 10)).toBeUndefined();
});
