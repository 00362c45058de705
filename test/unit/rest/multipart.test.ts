/** Multipart bodies: read whole or refused, however they are cut. */

import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { formPartsFrom } from "#rest/multipart.ts";

const contentType = "multipart/form-data; boundary=b";

/** The parts of a body that comes in pieces of `size` bytes. */
function partsOf(body: string, { size = 4096, type = contentType } = {}) {
  const bytes = Buffer.from(body, "latin1");
  async function* chunks() {
    for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
  }
  return formPartsFrom(chunks(), type);
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
    file: { bytes: new TextEncoder().encode("\r\n--\r\n-b"), contentType: "image/png" },
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
  { name: "nothing at all, and much behind it", head: `\r\n${"x".repeat(10_000)}` },
  {
    name: "bytes that are no UTF-8",
    head: 'content-disposition: form-data; name="\xff"\r\n\r\nx',
  },
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

test.each([
  'content-disposition: form-data; name="a"; name="b"',
  "content-disposition: form-data; name=\"a\"; name*=UTF-8''b",
  'content-disposition: form-data; name="a"\r\ncontent-disposition: form-data; name="b"',
])("a part with two names is refused, for others may read the other one: %j", async (head) => {
  await expect(partsOf(`--b\r\n${head}\r\n\r\nx\r\n--b--`)).rejects.toMatchObject({
    rawMessage: "multipart body: a part has two names",
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

/** What a reader asked for of a body that goes on for ever. */
async function outcomeOf(beginning: string, repeated: string) {
  let pieces = 0;
  async function* chunks() {
    yield Buffer.from(beginning);
    const piece = Buffer.from(repeated.repeat(100));
    for (;;) {
      pieces += 1;
      yield piece;
    }
  }
  const problem = await formPartsFrom(chunks(), contentType).catch((error: unknown) => error);
  return { pieces, problem: problem instanceof ConnectError ? problem.rawMessage : problem };
}

describe("what goes on for ever is refused at its limit, and the rest is not read", () => {
  const part = '--b\r\ncontent-disposition: form-data; name="a"\r\n\r\n\r\n';

  test.each([
    { name: "parts", repeated: part, problem: "more than 256 parts", piecesMax: 3 },
    { name: "boundaries", repeated: "--b\r\n", problem: "a part's head has no end", piecesMax: 1 },
    {
      name: "a head",
      beginning: "--b\r\n",
      repeated: "x-a: b\r\n",
      problem: "a part's head exceeds 8192 bytes",
      piecesMax: 11,
    },
    {
      name: "blanks behind a boundary",
      beginning: "--b",
      repeated: " ",
      problem: "a boundary has too many blanks after it",
      piecesMax: 3,
    },
  ])("$name", async ({ beginning = "", repeated, problem, piecesMax }) => {
    const outcome = await outcomeOf(beginning, repeated);
    expect(outcome.problem).toContain(problem);
    expect(outcome.pieces).toBeLessThanOrEqual(piecesMax);
  });

  test("as many parts as the limit are taken", async () => {
    expect(await partsOf(`${part.repeat(256)}--b--`)).toHaveLength(256);
    await expect(partsOf(`${part.repeat(257)}--b--`)).rejects.toThrow("more than 256 parts");
  });

  test("as many lines of a head as the limit are taken", async () => {
    const lines = (count: number) =>
      `--b\r\ncontent-disposition: form-data; name="a"\r\n${"x: y\r\n".repeat(count)}\r\n\r\n--b--`;
    expect(await partsOf(lines(31))).toHaveLength(1);
    await expect(partsOf(lines(32))).rejects.toThrow("more than 32 lines");
  });

  test("as many bytes of a head as the limit are taken, in one piece or in many", async () => {
    const disposition = 'content-disposition: form-data; name="a"\r\nx: ';
    // The line's end behind the boundary is counted with the head.
    const headed = (length: number) =>
      `--b\r\n${disposition}${"y".repeat(length - 2 - disposition.length)}\r\n\r\nz\r\n--b--`;
    for (const size of [1, 100, 100_000]) {
      expect(await partsOf(headed(8192), { size })).toMatchObject([{ name: "a", text: "z" }]);
      await expect(partsOf(headed(8193), { size })).rejects.toThrow("a part's head exceeds 8192");
    }
  });

  test("as many blanks behind a boundary as the limit are taken", async () => {
    const padded = (count: number) => whole.replace("--b\r\n", `--b${" ".repeat(count)}\r\n`);
    expect(await partsOf(padded(256))).toEqual(wholeParts);
    await expect(partsOf(padded(257))).rejects.toThrow("too many blanks");
  });

  test("as long a boundary as the limit is taken", async () => {
    const bounded = (length: number) => {
      const boundary = "b".repeat(length);
      const type = `multipart/form-data; boundary=${boundary}`;
      return partsOf(whole.replaceAll("--b", `--${boundary}`), { type });
    };
    expect(await bounded(70)).toEqual(wholeParts);
    await expect(bounded(71)).rejects.toThrow("the content-type names no boundary");
  });

  test("as long a name as the limit is taken", async () => {
    const named = (length: number) =>
      `--b\r\ncontent-disposition: form-data; name="${"n".repeat(length)}"\r\n\r\n\r\n--b--`;
    expect(await partsOf(named(1024))).toHaveLength(1);
    await expect(partsOf(named(1025))).rejects.toThrow("a name is longer than 1024 characters");
  });
});

test.each([1, 2, 5, 4096])("blanks may follow a boundary, in pieces of %i bytes", async (size) => {
  const padded = whole.replaceAll("--b\r\n", "--b \t \r\n").replace(/--b--$/, "--b--  \r\n");
  expect(await partsOf(padded, { size })).toEqual(wholeParts);
});

test.each(["--bx\r\n", "--bx-\r\n", "--b-\r\n", "--b-x\r\n", "--b x\r\n", "--b\n", "--b\r\r\n"])(
  "a boundary with something else behind it is refused: %j",
  async (boundary) => {
    const body = whole.replace("--b\r\n", boundary);
    await expect(partsOf(body)).rejects.toThrow("it is cut off or broken");
  },
);

describe("a part is", () => {
  const parted = async (fields: string, content = "x") =>
    (await partsOf(`--b\r\n${fields}\r\n\r\n${content}\r\n--b--`))[0];
  const disposition = 'content-disposition: form-data; name="a"';

  test.each([
    ["a text", disposition, "text"],
    ["a text that says so", `${disposition}\r\ncontent-type: text/plain; charset=utf-8`, "text"],
    ["a file by its name", `${disposition}; filename="b.txt"\r\ncontent-type: text/plain`, "file"],
    ["a file by its other name", `${disposition}; filename*=UTF-8''b`, "file"],
    ["a file by its type alone", `${disposition}\r\ncontent-type: image/png`, "file"],
    ["a file without a type", `${disposition}; filename=""`, "file"],
    ["a text over two lines", `content-disposition: form-data;\r\n name="a"`, "text"],
    ["a text in capitals", `Content-Disposition: Form-Data; NAME="a"`, "text"],
    ["a text of seven bits", `${disposition}\r\ncontent-transfer-encoding: 7bit`, "text"],
    ["a text of eight bits", `${disposition}\r\ncontent-transfer-encoding: 8bit`, "text"],
    ["a text of any bits", `${disposition}\r\ncontent-transfer-encoding: Binary`, "text"],
    [
      "of the first type that it names",
      `${disposition}\r\ncontent-type: text/plain\r\ncontent-type: image/png`,
      "text",
    ],
  ])("%s", async (_name, fields, kind) => {
    expect(await parted(fields)).toMatchObject({ kind, name: "a" });
  });

  test.each([
    ["text/plain where none is said", `${disposition}; filename="b"`, "text/plain"],
    ["what is said, without blanks", `${disposition}\r\ncontent-type: \timage/png \t`, "image/png"],
  ])("a file of the type: %s", async (_name, fields, type) => {
    expect(await parted(fields)).toMatchObject({ kind: "file", file: { contentType: type } });
  });

  test("read in its own charset", async () => {
    const fields = `${disposition}\r\ncontent-type: text/plain; charset=iso-8859-1`;
    expect(await parted(fields, "\xe9")).toMatchObject({ text: "é" });
    await expect(parted(disposition, "\xe9")).rejects.toThrow("a is not valid utf-8");
    await expect(parted(fields.replace("iso-8859-1", "nope"), "x")).rejects.toThrow("nope");
  });

  test("refused when it is encoded once more", async () => {
    const fields = `${disposition}\r\ncontent-transfer-encoding: base64`;
    await expect(parted(fields)).rejects.toThrow("content-transfer-encoding: base64 is not taken");
  });
});
