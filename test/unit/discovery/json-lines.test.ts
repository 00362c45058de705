/** Lines of JSON from chunks, however they are cut, and no longer than they may be. */

import { expect, test } from "vitest";
import { BadLineError, jsonLines } from "#discovery/json-lines.ts";

async function* chunksOf(text: string, size: number) {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function read(text: string, size = 1_000, bytesMax = 100): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of jsonLines(chunksOf(text, size), bytesMax)) values.push(value);
  return values;
}

test.each([1, 2, 3, 7, 1_000])(
  "values are whole however the stream is cut: %i bytes",
  async (size) => {
    expect(await read('{"a":"ü"}\n\n[1]\r\n"x"\n', size)).toEqual([{ a: "ü" }, [1], "x"]);
  },
);

test("a last line without its end was cut off, and is dropped", async () => {
  expect(await read('{"a":1}\n{"b":')).toEqual([{ a: 1 }]);
});

test.each([1, 1_000])(
  "a line past the bound ends the stream, ended or not: %i bytes",
  async (size) => {
    const long = `"${"x".repeat(99)}"`;
    await expect(read(long, size)).rejects.toThrow(BadLineError);
    await expect(read(`${long}\n`, size)).rejects.toThrow("a line has more than 100 bytes");
  },
);

test("what is no JSON ends the stream", async () => {
  await expect(read("<html>\n")).rejects.toThrow("a line is no JSON");
});
