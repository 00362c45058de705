import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect as connectHttp2, constants } from "node:http2";
import { createServer, type Socket } from "node:net";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FieldBuffer } from "#http2/field-buffer.ts";
import { HpackDecoder } from "#http2/hpack-decoder.ts";
import { encodedFieldBytesMax, HpackEncoder, tableSizeBytesMax } from "#http2/hpack-encoder.ts";
import { missingPythonPackage, python, testWith } from "../../support/needs.ts";

type Pairs = readonly (readonly [string, string])[];

function encode(encoder: HpackEncoder, fields: Pairs): Buffer {
  const room = fields.reduce((sum, [name, value]) => sum + encodedFieldBytesMax(name, value), 0);
  const bytes = Buffer.alloc(room + tableSizeBytesMax);
  encoder.begin(bytes, 0);
  for (const [name, value] of fields) encoder.field(name, value);
  return bytes.subarray(0, encoder.end());
}

function decode(decoder: HpackDecoder, block: Buffer): string[][] {
  const fields = new FieldBuffer();
  expect(decoder.decode(block, 0, block.length, fields)).toBe("ok");
  return fields.from(0).map(({ name, value }) => [name, value]);
}

const roomy = { listBytesMax: 1 << 20, fieldsMax: 1000 };

const policies = [
  {
    name: "a field of the static table takes one byte",
    field: ["accept-encoding", "gzip, deflate"],
    first: 1,
    second: 1,
  },
  {
    name: "a gRPC method's path takes one byte the second time",
    field: [":path", "/polygate.v1.ChatService/Chat"],
    first: 23,
    second: 1,
  },
  {
    name: "a field of an unknown name takes one byte the second time",
    field: ["x-team", "blue"],
    first: 11,
    second: 1,
  },
  {
    name: "a field larger than three quarters of the table enters no table",
    field: ["x-long", "~".repeat(3100)],
    first: 3111,
    second: 3111,
  },
] as const;

for (const { name, field, first, second } of policies) {
  test(name, () => {
    const encoder = new HpackEncoder();
    expect(encode(encoder, [field]).length).toBe(first);
    expect(encode(encoder, [field]).length).toBe(second);
  });
}

test.each([
  ["grpc-timeout", ["4999m", "4998m", "4997m"]],
  ["x-polygate-overhead-ms", ["0.12", "0.13", "0.14"]],
])(
  "of the values of %s one enters the table, for its name: later ones cost their values alone",
  (name, values) => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(roomy);
    const blocks = values.map((value) => {
      const block = encode(encoder, [[name, value]]);
      expect(decode(decoder, block)).toEqual([[name, value]]);
      return block;
    });
    for (const [index, value] of values.slice(1).entries()) {
      expect(blocks[index + 1]?.length).toBeLessThanOrEqual(2 + 1 + value.length);
      // An index of six bits would stand for a field that had entered.
      expect((blocks[index + 1]?.[0] ?? 0xff) & 0xc0).toBe(0);
    }
  },
);

for (const name of ["authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key"]) {
  test(`${name} is marked as never to be indexed`, () => {
    const encoder = new HpackEncoder();
    const block = encode(encoder, [[name, "secret"]]);
    expect(block.readUInt8(0) & 0xf0).toBe(0x10);
    expect(encode(encoder, [[name, "secret"]])).toEqual(block);
  });
}

describe("a change of the table's size", () => {
  test("is told at the start of the next block, the smallest size first", () => {
    const encoder = new HpackEncoder();
    encode(encoder, [["x", "y"]]);
    encoder.setTableBytes(0);
    encoder.setTableBytes(100);
    expect(encode(encoder, [[":method", "GET"]]).toString("hex")).toBe("203f4582");
    expect(encode(encoder, [[":method", "GET"]]).toString("hex")).toBe("82");
  });

  test("to zero keeps the table empty", () => {
    const encoder = new HpackEncoder();
    encoder.setTableBytes(0);
    encode(encoder, [["x", "y"]]);
    expect(encode(encoder, [["x", "y"]]).length).toBeGreaterThan(1);
  });

  test("above the default is not taken up", () => {
    const encoder = new HpackEncoder();
    encoder.setTableBytes(1 << 20);
    expect(encode(encoder, [[":method", "GET"]]).toString("hex")).toBe("82");
  });
});

const octets = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes).toString("latin1"));
const fieldName = fc.oneof(
  fc.constantFrom(":path", ":status", "content-type", "cookie", "grpc-timeout", "x-a", "x-b"),
  octets,
);
const fieldValue = fc.oneof(fc.constantFrom("", "200", "application/grpc", "a", "b"), octets);
const list = fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 12 });
const conversation = fc.array(
  fc.record({ fields: list, tableBytes: fc.option(fc.integer({ min: 0, max: 5000 })) }),
  { maxLength: 20 },
);

test("whatever is encoded decodes to the same, through any changes of the table's size", () => {
  fc.assert(
    fc.property(conversation, (blocks) => {
      const encoder = new HpackEncoder();
      const decoder = new HpackDecoder(roomy);
      for (const { fields, tableBytes } of blocks) {
        if (tableBytes !== null) {
          encoder.setTableBytes(tableBytes);
          decoder.setTableBytesMax(tableBytes);
        }
        expect(decode(decoder, encode(encoder, fields))).toEqual(fields);
      }
    }),
    { numRuns: 500 },
  );
});

/** A conversation of our encoder: blocks in hex with the fields that they stand for. */
function recorded(): { wire: string; fields: Pairs; tableBytes: number | null }[] {
  const encoder = new HpackEncoder();
  return fc
    .sample(conversation, { numRuns: 60, seed: 7 })
    .flat()
    .map(({ fields, tableBytes }) => {
      if (tableBytes !== null) encoder.setTableBytes(tableBytes);
      return { wire: encode(encoder, fields).toString("hex"), fields, tableBytes };
    });
}

const pythonReads = `
import json, sys
from hpack import Decoder
decoder = Decoder()
for row in json.load(sys.stdin):
    if row["tableBytes"] is not None:
        decoder.max_allowed_table_size = row["tableBytes"]
    fields = decoder.decode(bytes.fromhex(row["wire"]), raw=True)
    got = [[name.decode("latin1"), value.decode("latin1")] for name, value, *_ in fields]
    assert got == row["fields"], (got, row)
print("same")
`;

testWith(missingPythonPackage("hpack"))("Python's hpack reads our blocks", () => {
  const read = spawnSync(python, ["-c", pythonReads], { input: JSON.stringify(recorded()) });
  expect(read.stderr.toString()).toBe("");
  expect(read.stdout.toString().trim()).toBe("same");
});

/** A frame of HTTP/2. */
function frame(type: number, flags: number, stream: number, payload: Buffer): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

test("Node's own HTTP/2 client reads our blocks, dynamic table and Huffman code included", async () => {
  const encoder = new HpackEncoder();
  const fields: Pairs = [
    ["content-type", "application/grpc"],
    ["x-long", "a value that is long enough to be worth its Huffman code"],
    ["set-cookie", "secret"],
  ];
  await using server = createServer((socket: Socket) => {
    let received = Buffer.alloc(0);
    let answered = 0;
    socket.write(frame(4, 0, 0, Buffer.alloc(0)));
    socket.on("data", (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      for (let at = 24; at + 9 <= received.length; at += 9 + received.readUIntBE(at, 3)) {
        const stream = received.readUInt32BE(at + 5);
        if (received.readUInt8(at + 3) !== 1 || stream <= answered) continue;
        answered = stream;
        const block = encode(encoder, [[":status", "200"], ...fields]);
        socket.write(frame(1, 5, stream, block));
      }
    });
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const session = connectHttp2(`http://127.0.0.1:${port}`);
  for (let call = 0; call < 3; call += 1) {
    const request = session.request({ ":path": "/" });
    const [headers] = await once(request, "response");
    expect(headers[constants.HTTP2_HEADER_STATUS]).toBe(200);
    expect(headers["content-type"]).toBe("application/grpc");
    expect(headers["x-long"]).toBe(fields[1]?.[1]);
    expect(headers["set-cookie"]).toEqual(["secret"]);
    request.resume();
  }
  session.destroy();
});
