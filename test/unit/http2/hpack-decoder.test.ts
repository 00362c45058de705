import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FieldBuffer } from "#http2/field-buffer.ts";
import { HpackDecoder } from "#http2/hpack-decoder.ts";

const roomy = { listBytesMax: 1 << 20, fieldsMax: 1000 };

function decode(decoder: HpackDecoder, hex: string): { outcome: string; fields: string[][] } {
  const bytes = Buffer.from(hex, "hex");
  const fields = new FieldBuffer();
  const outcome = decoder.decode(bytes, 0, bytes.length, fields);
  return { outcome, fields: fields.from(0).map(({ name, value }) => [name, value]) };
}

/** Request and response examples of RFC 7541 appendix C: blocks that share a table. */
const appendix = [
  {
    name: "C.3: requests without Huffman coding",
    blocks: [
      "828684410f7777772e6578616d706c652e636f6d",
      "828684be58086e6f2d6361636865",
      "828785bf400a637573746f6d2d6b65790c637573746f6d2d76616c7565",
    ],
    last: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
  },
  {
    name: "C.4: requests with Huffman coding",
    blocks: [
      "828684418cf1e3c2e5f23a6ba0ab90f4ff",
      "828684be5886a8eb10649cbf",
      "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    ],
    last: [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
  },
  {
    name: "C.6: responses with Huffman coding, entries evicted from a table of 256 bytes",
    blocks: [
      "3fe101488264025885aec3771a4b6196d07abe941054d444a8200595040b8166e082a62d1bff6e919d29ad171863c78f0b97c8e9ae82ae43d3",
      "4883640effc1c0bf",
      "88c16196d07abe941054d444a8200595040b8166e084a62d1bffc05a839bd9ab77ad94e7821dd7f2e6c7b335dfdfcd5b3960d5af27087f3672c1ab270fb5291f9587316065c003ed4ee5b1063d5007",
    ],
    last: [
      [":status", "200"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
      ["location", "https://www.example.com"],
      ["content-encoding", "gzip"],
      ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
    ],
  },
] as const;

for (const { name, blocks, last } of appendix) {
  test(`RFC 7541 ${name}`, () => {
    const decoder = new HpackDecoder(roomy);
    const decoded = blocks.map((hex) => decode(decoder, hex));
    expect(decoded.map(({ outcome }) => outcome)).toEqual(blocks.map(() => "ok"));
    expect(decoded.at(-1)?.fields).toEqual(last);
  });
}

const brokenBlocks = [
  { name: "index 0", hex: "80" },
  { name: "an index past both tables", hex: "be" },
  { name: "a literal that names an index past both tables", hex: "7f0001" },
  { name: "an integer that never ends", hex: "ffffffffffffffff" },
  { name: "an integer cut off", hex: "ff" },
  { name: "a string longer than the block", hex: "0005616263" },
  { name: "a literal without its value", hex: "000161" },
  { name: "a table size above what was offered", hex: "3fe21f" },
  { name: "a table size behind a field", hex: "8220" },
  { name: "broken Huffman code", hex: "008118017a" },
] as const;

for (const { name, hex } of brokenBlocks) {
  test(`broken: ${name}`, () => {
    expect(decode(new HpackDecoder(roomy), hex).outcome).toBe("broken");
  });
}

test("after the table was lowered, a block that does not say so is broken", () => {
  const decoder = new HpackDecoder(roomy);
  decoder.setTableBytesMax(0);
  expect(decode(decoder, "82").outcome).toBe("broken");
  expect(decode(decoder, "2082")).toEqual({ outcome: "ok", fields: [[":method", "GET"]] });
});

describe("a list past the budget", () => {
  const limits = { listBytesMax: 100, fieldsMax: 3 };

  test("is too large, gives what fitted, and leaves the table in step", () => {
    const decoder = new HpackDecoder(limits);
    const tooLong = `0001610a${"62".repeat(10)}`.repeat(3);
    const { outcome, fields } = decode(decoder, `${tooLong}4001780179`);
    expect(outcome).toBe("too_large");
    expect(fields).toEqual([
      ["a", "b".repeat(10)],
      ["a", "b".repeat(10)],
    ]);
    expect(decode(decoder, "be")).toEqual({ outcome: "ok", fields: [["x", "y"]] });
  });

  test("is too large by count even when each field takes one byte", () => {
    expect(decode(new HpackDecoder({ ...roomy, fieldsMax: 3 }), "82828282").outcome).toBe(
      "too_large",
    );
  });

  test("past four times the limit is given up", () => {
    expect(decode(new HpackDecoder(limits), "82".repeat(20)).outcome).toBe("far_too_large");
  });
});

test("a field that an index refers to is the same object: it is read and judged once", () => {
  const decoder = new HpackDecoder(roomy);
  const fields = new FieldBuffer();
  for (const hex of ["4001780179", "be"]) {
    const bytes = Buffer.from(hex, "hex");
    decoder.decode(bytes, 0, bytes.length, fields);
  }
  expect(fields.items[1]).toBe(fields.items[0]);
});

interface Row {
  readonly encoder: string;
  readonly story: string;
  readonly seqno: number;
  readonly wire: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly header_table_size?: number;
}

const vectors = "test/fixtures/http2/hpack.jsonl.gz";

test(`every block of ${vectors} decodes`, () => {
  const rows = gunzipSync(readFileSync(vectors)).toString().trimEnd().split("\n");
  let decoder = new HpackDecoder(roomy);
  let story = "";
  for (const line of rows) {
    const row: Row = JSON.parse(line);
    const where = `${row.encoder}/${row.story}`;
    if (where !== story) decoder = new HpackDecoder(roomy);
    story = where;
    if (row.header_table_size !== undefined) decoder.setTableBytesMax(row.header_table_size);
    const { outcome, fields } = decode(decoder, row.wire);
    if (outcome !== "ok" || JSON.stringify(fields) !== JSON.stringify(row.headers)) {
      expect.fail(`${where} ${row.seqno}: ${outcome} ${JSON.stringify(fields)}`);
    }
  }
  expect(rows.length).toBe(13_302);
});
