import { describe, expect, test } from "vitest";
import { ChunkedReader } from "#http1/chunked-reader.ts";

interface Outcome {
  readonly data: string;
  readonly status: number | undefined;
  /** What the coding left, once it was over. */
  readonly rest: string | undefined;
}

/** Reads `text`, which comes in pieces of `pieceBytes`. */
function outcomeOf(text: string, pieceBytes = text.length, extensionBytesMax = 64): Outcome {
  const reader = new ChunkedReader(extensionBytesMax);
  let data = "";
  for (let start = 0; start < text.length; start += pieceBytes) {
    const piece = Buffer.from(text.slice(start, start + pieceBytes), "latin1");
    const stop = reader.read(piece, 0);
    data += piece.toString("latin1", 0, reader.dataEnd);
    if (reader.refusal !== undefined)
      return { data, status: reader.refusal.status, rest: undefined };
    if (reader.isOver) return { data, status: undefined, rest: text.slice(start + stop) };
  }
  return { data, status: undefined, rest: undefined };
}

const taken = [
  { name: "chunks", text: "3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", data: "abcd", rest: "\r\n" },
  { name: "no chunk", text: "0\r\n\r\n", data: "", rest: "\r\n" },
  {
    name: "sizes in either case, with zeros",
    text: "000a\r\n0123456789\r\n0A\r\n0123456789\r\n00\r\nx",
    data: "01234567890123456789",
    rest: "x",
  },
  ...["9", "f", "F", "10", "1f", "A9", "0fa"].map((digits) => {
    const data = "d".repeat(Number.parseInt(digits, 16));
    return { name: `a size of ${digits}`, text: `${digits}\r\n${data}\r\n0\r\n`, data, rest: "" };
  }),
  {
    name: "a size of twelve digits, zeros included",
    text: "000000000003\r\nabc\r\n000000000000\r\n",
    data: "abc",
    rest: "",
  },
  {
    name: "data that looks like framing",
    text: "5\r\n0\r\n\r\n\r\n0\r\n",
    data: "0\r\n\r\n",
    rest: "",
  },
  {
    name: "extensions with values, quoted ones too",
    text: '1;a=b;c="d; \\"e";f\r\nx\r\n0;g\r\n',
    data: "x",
    rest: "",
  },
];
test.each(taken)("$name, however they are cut", ({ text, data, rest }) => {
  for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) {
    expect(outcomeOf(text, pieceBytes)).toEqual({ data, status: undefined, rest });
  }
});

describe("refused, however cut:", () => {
  const rows = [
    { name: "no size", text: "\r\nabc\r\n" },
    { name: "a size that is no number", text: "x\r\n" },
    { name: "a size with a sign", text: "+3\r\nabc\r\n" },
    { name: "a size below nothing", text: "-3\r\nabc\r\n" },
    { name: "a size with 0x", text: "0x3\r\nabc\r\n" },
    { name: "a size with an underscore", text: "1_0\r\n" },
    { name: "a blank before a size", text: " 3\r\nabc\r\n" },
    { name: "a blank behind a size", text: "3 \r\nabc\r\n" },
    { name: "a size past counting", text: "fffffffffffffffff\r\nabc" },
    { name: "a size of thirteen digits, zeros included", text: "0000000000003\r\nabc\r\n0\r\n" },
    { name: "a size that would wrap at 32 bits, behind zeros", text: "0000000100000003\r\nabc" },
    { name: "a bare LF behind a size", text: "3\nabc\r\n0\r\n\r\n" },
    { name: "a bare CR behind a size", text: "3\rabc\r\n0\r\n\r\n" },
    { name: "a bare LF behind data", text: "3\r\nabc\n0\r\n\r\n" },
    { name: "another octet for the LF after data", text: "3\r\nabc\rX0\r\n\r\n" },
    { name: "another octet for the LF after a size", text: "3\rXabc\r\n0\r\n\r\n" },
    { name: "data longer than its size", text: "3\r\nabcd\r\n0\r\n\r\n" },
    { name: "another octet for the CR after data", text: "3\r\nabcX\n0\r\n\r\n" },
    ...["@", "`", "/", ":", "g", "G", "3@"].map((text) => ({
      name: `a size of ${text}`,
      text: `${text}\r\nabcdefghi\r\n`,
    })),
    { name: "an escaped line end in quotes", text: '3;a="\\\r"\r\nabc\r\n' },
    { name: "no line end behind data", text: "3\r\nabc0\r\n\r\n" },
    { name: "an empty line between chunks", text: "3\r\nabc\r\n\r\n0\r\n\r\n" },
    { name: "an extension without a name", text: "3;\r\nabc\r\n" },
    { name: "an extension without a value", text: "3;a=\r\nabc\r\n" },
    { name: "a blank in an extension", text: "3; a\r\nabc\r\n" },
    { name: "a bare LF in an extension", text: "3;a\nabc\r\n" },
    { name: "a line end in quotes", text: '3;a="\r\n"\r\nabc\r\n' },
    { name: "text behind quotes", text: '3;a="b"c\r\nabc\r\n' },
  ];
  test.each(rows)("$name", ({ text }) => {
    for (let pieceBytes = 1; pieceBytes <= text.length; pieceBytes += 1) {
      expect(outcomeOf(text, pieceBytes).status).toBe(400);
    }
  });
});

test("extensions of all chunks together have a limit", () => {
  const chunk = "1;abcdefg\r\nx\r\n";
  expect(outcomeOf(`${chunk.repeat(8)}0\r\n`).status).toBeUndefined();
  expect(outcomeOf(`${chunk.repeat(9)}0\r\n`).status).toBe(413);
});
