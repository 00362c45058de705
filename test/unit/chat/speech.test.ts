/** Recordings of raw samples, in the formats that need no encoder. */

import { expect, test } from "vitest";
import { mediaFromBytes } from "#chat/media.ts";
import { sampleFormats, speechIn } from "#chat/speech.ts";

const l16 = "audio/L16;codec=pcm;rate=24000";
const piece = (bytes: readonly number[], type = l16) => mediaFromBytes(Buffer.from(bytes), type);

test("samples stay samples, put together in order", () => {
  expect(speechIn("pcm16", [piece([1, 2]), piece([3])])).toEqual(Buffer.from([1, 2, 3]));
  expect(speechIn("pcm16", [piece([1], "audio/pcm")])).toEqual(Buffer.from([1]));
  expect(sampleFormats).toEqual(["wav", "pcm16"]);
});

test("a WAV file has one header, with the rate that was told, in front of all samples", () => {
  const file = speechIn("wav", [
    piece([1, 2], "audio/l16; rate=16000"),
    piece([3, 4], "audio/l16; rate=16000"),
  ]);
  expect(file?.toString("hex")).toBe(
    [
      "52494646", // RIFF
      "28000000", // 40 bytes follow
      "57415645", // WAVE
      "666d7420", // fmt
      "10000000", // 16 bytes
      "01000100", // samples of one channel
      "803e0000", // 16,000 a second
      "007d0000", // 32,000 bytes a second
      "02001000", // two bytes, 16 bits
      "64617461", // data
      "04000000", // four bytes
      "01020304",
    ].join(""),
  );
});

test.each([
  ["an encoder", "mp3", [piece([1])]],
  ["another rate", "pcm16", [piece([1], "audio/L16;rate=16000")]],
  ["one rate for all", "wav", [piece([1]), piece([2], "audio/L16;rate=16000")]],
  ["a decoder", "wav", [piece([1], "audio/opus")]],
  ["a decoder for the second piece", "wav", [piece([1]), piece([2], "audio/opus")]],
  ["files put together", "mp3", [piece([1], "audio/mpeg"), piece([2], "audio/mpeg")]],
  ["something", "wav", []],
])("what would need %s is none", (_name, format, pieces) => {
  expect(speechIn(format, pieces)).toBeUndefined();
});

test("a file that is as was asked for stays as it is", () => {
  expect(speechIn("mp3", [piece([1, 2], "audio/mpeg")])).toEqual(Buffer.from([1, 2]));
});
