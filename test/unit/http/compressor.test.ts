/** Compression: what is done at once, what beside the event loop, and how much of that at one time. */

import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { atOnceBytesMax, Compressor, compressThoroughly } from "#http/compressor.ts";
import { contentCodings } from "#http/content-coding.ts";

const decode = { gzip: gunzipSync, br: brotliDecompressSync, zstd: zstdDecompressSync };
const small = Buffer.alloc(atOnceBytesMax, "twelve bytes");
const large = Buffer.alloc(atOnceBytesMax + 1, "twelve bytes");

describe.each(contentCodings)("%s", (coding) => {
  test("a small body is compressed at once", () => {
    const coded = new Compressor(0).compress(coding, small);
    expect(coded).toBeInstanceOf(Buffer);
    expect(decode[coding](coded as Buffer).equals(small)).toBe(true);
  });

  test("a large one beside the event loop", async () => {
    const coded = new Compressor(1).compress(coding, large);
    expect(coded).toBeInstanceOf(Promise);
    expect(decode[coding]((await coded) ?? "").equals(large)).toBe(true);
  });

  test("thoroughly, it becomes smaller still", async () => {
    const text = Buffer.from(Array.from({ length: 2000 }, (_, at) => `${at * at}`).join());
    const fast = new Compressor(1).compress(coding, text) as Buffer;
    const coded = await compressThoroughly(coding, text);
    expect(coded.length).toBeLessThan(fast.length);
    expect(decode[coding](coded).equals(text)).toBe(true);
  });

  test("a large one whose client leaves is given up", async () => {
    const compressor = new Compressor(1);
    let leave = () => {};
    const coded = compressor.compress(coding, Buffer.alloc(1 << 24, "ab"), (listener) => {
      leave = listener;
    });
    expect(compressor.running).toBe(1);
    leave();
    expect(await coded).toBeUndefined();
    expect(compressor.running).toBe(0);
  });

  test("one whose client has left already is not begun", async () => {
    const compressor = new Compressor(1);
    expect(await compressor.compress(coding, large, (listener) => listener())).toBeUndefined();
    expect(compressor.running).toBe(0);
  });
});

test("so many large ones are compressed at one time; further ones go as they are", async () => {
  const compressor = new Compressor(2);
  const first = [compressor.compress("gzip", large), compressor.compress("br", large)];
  expect(compressor.running).toBe(2);
  expect(compressor.compress("gzip", large)).toBeUndefined();
  expect(compressor.compress("gzip", small), "a small one takes no place").toBeInstanceOf(Buffer);
  await Promise.all(first);
  expect(compressor.running).toBe(0);
  expect(await compressor.compress("gzip", large)).toBeInstanceOf(Buffer);
});
