/** Few bytes that become a great deal: each is refused by its limit, in words, and the next call works. */

import { type ClientHttp2Session, connect } from "node:http2";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { codingOf } from "#protocol/compression.ts";
import { envelope } from "#protocol/envelope.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
let client: ClientHttp2Session;
beforeAll(async () => {
  gateway = await startTestGateway();
  client = connect(gateway.url);
});
afterAll(async () => {
  client.destroy();
  await gateway[Symbol.asyncDispose]();
});

const bytesMax = 10_000_000;

function filled(...piece: number[]): Uint8Array {
  const count = Math.floor((bytesMax - 100) / piece.length);
  return Buffer.alloc(count * piece.length, Uint8Array.from(piece));
}

function part(number: number, ...contents: Uint8Array[]): Uint8Array {
  const content = Buffer.concat(contents);
  return new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(content).finish();
}

interface Outcome {
  readonly status: string;
  readonly message: string;
}

/** Calls over gRPC with a message that is compressed to as little as may be. */
async function call(path: string, message: Uint8Array): Promise<Outcome> {
  const compressed = (await codingOf("br")?.compress(message)) ?? message;
  const stream = client.request({
    ":method": "POST",
    ":path": path,
    "content-type": "application/grpc",
    "grpc-encoding": "br",
    te: "trailers",
  });
  stream.end(envelope(1, compressed));
  const outcome = await new Promise<Outcome>((resolve, reject) => {
    const look = (fields: Record<string, unknown>) => {
      const status = fields["grpc-status"];
      const text = decodeURIComponent(String(fields["grpc-message"] ?? ""));
      if (status !== undefined) resolve({ status: String(status), message: text });
    };
    stream.on("response", look);
    stream.on("trailers", look);
    stream.on("error", reject);
    stream.resume();
  });
  return outcome;
}

const chat = "/polygate.v1.ChatService/Chat";
const predict = "/polygate.v1.PredictService/Predict";
const invalid = "3";
const exhausted = "8";

test.each<readonly [string, string, () => Uint8Array, Outcome]>([
  [
    "five million messages",
    chat,
    () => filled(0x32, 0),
    { status: invalid, message: "messages: must contain no more than 4096 item(s)" },
  ],
  [
    "five million images",
    chat,
    () => part(6, filled(0x2a, 0)),
    { status: invalid, message: "messages[0].images: must contain no more than 16 item(s)" },
  ],
  [
    "five million inputs",
    predict,
    () => filled(0x22, 0),
    { status: invalid, message: "inputs: must contain no more than 64 item(s)" },
  ],
  [
    "three million unknown fields",
    chat,
    () => filled(0xf8, 0x7f, 1),
    {
      status: exhausted,
      message: "the message has more than 100000 elements (max_request_elements)",
    },
  ],
  [
    "two million unknown groups",
    chat,
    () => filled(0xfb, 0x7f, 0xfc, 0x7f),
    {
      status: exhausted,
      message: "the message has more than 100000 elements (max_request_elements)",
    },
  ],
  [
    "a shape of ten million dimensions",
    predict,
    () => part(4, part(3, filled(7))),
    { status: invalid, message: "inputs[0].shape: must contain no more than 16 item(s)" },
  ],
  [
    "a tool's name of ten megabytes",
    chat,
    () => part(10, part(1, filled(0x61))),
    { status: invalid, message: "tools[0].name: must be at most 128 characters" },
  ],
  [
    "a media type of ten megabytes",
    chat,
    () => part(6, part(5, part(2, filled(0x61)))),
    {
      status: invalid,
      message: "messages[0].images[0].media_type: must be at most 128 characters",
    },
  ],
])("%s", async (_name, path, message, outcome) => {
  expect(await call(path, message())).toEqual(outcome);
  const next = await call(chat, part(1, Buffer.from("what is 12*7?")));
  expect(next.status, "the next call works").toBe("0");
});

describe("what a type does not know is passed over", () => {
  const asked = part(1, Buffer.from("what is 12*7?"));

  test.each<readonly [string, Uint8Array]>([
    ["an unknown field", part(2000, Buffer.from("from a newer client"))],
    ["a number where there should be text", Uint8Array.of(2 << 3, 0x78)],
    ["a number where there should be a message", Uint8Array.of(6 << 3, 1)],
    ["packed numbers where there should be one", part(8, Uint8Array.of(1, 2))],
  ])("%s", async (_name, more) => {
    expect(await call(chat, Buffer.concat([more, asked]))).toEqual({ status: "0", message: "" });
  });
});
