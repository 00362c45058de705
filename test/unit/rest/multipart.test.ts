/** Multipart bodies: read whole or refused, however they are cut. */

import { describe, expect, test } from "vitest";
import { formPartsFrom } from "#rest/multipart.ts";

const contentType = "multipart/form-data; boundary=b";

/** The parts of a body that comes in pieces of `size` bytes. */
function partsOf(body: string, { size = 4096, type = contentType } = {}) {
  const bytes = Buffer.from(body, "latin1");
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  return formPartsFrom(chunks(), type, 4096);
}

const whole = [
  "--b",
  'content-disposition: form-data; name="top_k"',
  "",
  "3",
  "--b",
  'content-disposition: form-data; name="file"; filename="a.png"',
  "content-type: image/png",
  "",
  "\r\n--\r\n-b",
  "--b",
  'content-disposition: form-data; name="empty"',
  "",
  "",
  "--b--",
].join("\r\n");

const wholeParts = [
  { kind: "text", name: "top_k", text: "3" },
  {
    kind: "file",
    name: "file",
    file: { bytes: Buffer.from("\r\n--\r\n-b"), contentType: "image/png" },
  },
  { kind: "text", name: "empty", text: "" },
];

describe.each([1, 2, 3, 7, 4096])("in pieces of %i bytes", (size) => {
  test("a whole body gives its parts, with or without a preamble and an epilogue", async () => {
    for (const body of [whole, `${whole}\r\n`, `hello\r\n${whole}\r\n--b\r\nbye`]) {
      expect(await partsOf(body, { size })).toEqual(wholeParts);
    }
  });

  test("every proper beginning of it is refused as cut off", async () => {
    for (let length = 0; length < whole.length; length += 1) {
      const cut = partsOf(whole.slice(0, length), { size });
      await expect(cut, `cut at ${length}`).rejects.toMatchObject({
        rawMessage: "multipart body: it is cut off or broken",
      });
    }
  });
});

const good = '--b\r\ncontent-disposition: form-data; name="top_k"\r\n\r\n3\r\n';
const heads = [
  { name: "a head without an end", head: 'content-disposition: form-data; name="file"' },
  {
    name: "a line break within a name",
    head: 'content-disposition: form-data; name="a\nb"\r\n\r\nx',
  },
  {
    name: "a line that is no field",
    head: 'nonsense\r\ncontent-disposition: form-data; name="a"\r\n\r\nx',
  },
  { name: "another disposition", head: 'content-disposition: attachment; name="a"\r\n\r\nx' },
  { name: "no disposition", head: "content-type: text/plain\r\n\r\nx" },
  { name: "nothing at all", head: "" },
];

test.for(heads)("a part with $name is refused wherever it stands", async ({ head }) => {
  const part = `--b\r\n${head}\r\n`;
  for (const body of [`${part}--b--`, `${good}${part}--b--`, `${part}${good}--b--`]) {
    await expect(partsOf(body), body).rejects.toMatchObject({
      rawMessage: "multipart body: a part's head has no end, or no content-disposition: form-data",
    });
  }
});

test("a part without a name is refused", async () => {
  const body = "--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--";
  await expect(partsOf(body)).rejects.toMatchObject({
    rawMessage: "multipart body: a part has no name",
  });
});

test.for([
  "",
  "multipart/form-data",
  "multipart/form-data; boundary=",
  'multipart/form-data; boundary="a\\"b"',
])("a boundary must be named: %s", async (type) => {
  await expect(partsOf(whole, { type })).rejects.toMatchObject({
    rawMessage: "multipart body: the content-type names no boundary",
  });
});

test("a boundary may be quoted", async () => {
  const body = whole.replaceAll("--b", "--a b:c");
  const parts = await partsOf(body, { type: 'multipart/form-data; boundary="a b:c"' });
  expect(parts).toHaveLength(3);
});
