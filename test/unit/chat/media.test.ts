/** Media at addresses, in data URLs and as bytes: what each is read as, and written as. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { isImage, mediaFromBytes, mediaFromUrl, urlOfMedia } from "#chat/media.ts";
import { MediaPartSchema } from "#gen/polygate/v1/conversation_pb.js";

const png = Buffer.from("89504e470d0a1a0a0000000d49484452", "hex");
const media = (init: MessageInitShape<typeof MediaPartSchema>) => create(MediaPartSchema, init);
const elsewhere = media({ source: { case: "url", value: "https://example.com/a.png" } });
const uploaded = media({ source: { case: "fileId", value: "file-1" } });

describe("media at an address", () => {
  test("is left there", () => {
    expect(mediaFromUrl("https://example.com/a.png")).toEqual(elsewhere);
  });

  test("is here when the address holds its bytes, of a type that need not be told", () => {
    const told = mediaFromUrl(`data:image/png;name=a;base64,${png.toString("base64")}`);
    expect(told).toEqual(mediaFromBytes(png, "image/png"));
    const untold = mediaFromUrl(`data:;base64,${png.toString("base64")}`);
    expect(untold).toEqual(mediaFromBytes(png, ""));
  });

  test.each(["data:", "data:image/png,abc", "data:image/png;base64,a?b", "data:;base64,abcde"])(
    "%s holds none",
    (url) => {
      expect(mediaFromUrl(url)).toBeUndefined();
    },
  );
});

test("an address is written of what is here or elsewhere, and none of what has an id alone", () => {
  const here = mediaFromBytes(png, "image/png");
  expect(urlOfMedia(here)).toBe(`data:image/png;base64,${png.toString("base64")}`);
  expect(urlOfMedia(elsewhere)).toBe("https://example.com/a.png");
  expect(urlOfMedia(uploaded)).toBeUndefined();
});

test.each([
  ["bytes that are one", mediaFromBytes(png, "image/png"), true],
  ["bytes that are one, of no told type", mediaFromBytes(png, ""), true],
  ["bytes of a type that only some know", mediaFromBytes(Buffer.from("?"), "image/avif"), true],
  ["bytes that are none", mediaFromBytes(Buffer.from("?"), "image/png"), false],
  ["bytes of another type", mediaFromBytes(png, "text/plain"), false],
  ["what is elsewhere", elsewhere, true],
  ["what has an id alone", uploaded, true],
])("%s may be an image: %#", (_, part, isOne) => {
  expect(isImage(part)).toBe(isOne);
});
