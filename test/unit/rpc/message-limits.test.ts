/** The limits of messages: one that is as large as it may be, and one byte more, both ways. */

import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { codingOf } from "#protocol/compression.ts";
import { envelope } from "#protocol/envelope.ts";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  UnaryRequestSchema,
} from "../../gen/connectrpc/conformance/v1/service_pb.js";
import { framed, rawCaller, statusOf } from "../../support/rpc-caller.ts";

const readBytesMax = 1000;
const types = [
  "application/grpc",
  "application/grpc-web+proto",
  "application/grpc-web-text",
  "application/proto",
] as const;
const streamTypes = [
  "application/grpc",
  "application/grpc-web+proto",
  "application/grpc-web-text",
  "application/connect+proto",
] as const;
const encodings: Readonly<Record<string, string>> = {
  "application/proto": "content-encoding",
  "application/connect+proto": "connect-content-encoding",
};
const tooLarge = (type: string) => (type.includes("grpc") ? "8" : "resource_exhausted");
const fine = (type: string) => (type.includes("grpc") ? "0" : "ok");

/** A message of so many bytes: its only field takes three beside its content. */
function messageOf(
  schema:
    | typeof UnaryRequestSchema
    | typeof ClientStreamRequestSchema
    | typeof BidiStreamRequestSchema,
  bytes: number,
): Uint8Array {
  const message = toBinary(schema, create(schema, { requestData: Buffer.alloc(bytes - 3) }));
  expect(message).toHaveLength(bytes);
  return message;
}

/** Pieces of `size`, none of which is a whole message. */
function inPieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const count = Math.ceil(bytes.length / size);
  return Array.from({ length: count }, (_, at) => bytes.subarray(at * size, (at + 1) * size));
}

const sizes = [
  ["exactly at the limit is read", readBytesMax, fine],
  ["of one byte more is refused", readBytesMax + 1, tooLarge],
] as const;

describe.each(sizes)("a message %s", (_name, bytes, expected) => {
  const call = rawCaller({ readBytesMax });

  test.each(types)("unary: %s", async (type) => {
    const body = framed(type, messageOf(UnaryRequestSchema, bytes));
    for (const chunks of [[body], inPieces(body, 100)]) {
      expect(statusOf(type, await call({ call: "Unary", type, chunks }))).toBe(expected(type));
    }
  });

  test.each(types)("unary and compressed: %s", async (type) => {
    const message = messageOf(UnaryRequestSchema, bytes);
    const compressed = (await codingOf("gzip")?.compress(message)) ?? message;
    const isFramed = type !== "application/proto";
    const body = isFramed ? envelope(1, compressed) : compressed;
    const sent = type.includes("text") ? Buffer.from(Buffer.from(body).toString("base64")) : body;
    const headers = { [encodings[type] ?? "grpc-encoding"]: "gzip" };
    const exchange = await call({ call: "Unary", type, chunks: [sent], headers });
    expect(statusOf(type, exchange)).toBe(expected(type));
  });

  test.each(streamTypes)("the second of a stream: %s", async (type) => {
    const first = framed(type, messageOf(ClientStreamRequestSchema, 200));
    const second = framed(type, messageOf(ClientStreamRequestSchema, bytes));
    const body = Buffer.concat([first, second]);
    for (const chunks of [[body], inPieces(body, 100)]) {
      const exchange = await call({ call: "ClientStream", type, chunks });
      expect(statusOf(type, exchange)).toBe(expected(type));
    }
  });

  test.each(streamTypes)("both ways: %s", async (type) => {
    const chunks = [framed(type, messageOf(BidiStreamRequestSchema, bytes))];
    const exchange = await call({ call: "BidiStream", type, chunks });
    expect(statusOf(type, exchange)).toBe(expected(type));
  });
});

describe("a response's message", () => {
  const response = { payload: { data: Buffer.alloc(500) } };

  test.each(types)("exactly at the limit is sent, one byte below it is not: %s", async (type) => {
    const chunks = [framed(type, messageOf(UnaryRequestSchema, 200))];
    const send = async (sendBytesMax: number) => {
      const caller = rawCaller({ readBytesMax, sendBytesMax }, { unary: () => response });
      return statusOf(type, await caller({ call: "Unary", type, chunks }));
    };
    // Field and length of the payload and of its data: three bytes each.
    expect(await send(506)).toBe(fine(type));
    expect(await send(505)).toBe(tooLarge(type));
  });

  test.each(streamTypes)("of a stream likewise: %s", async (type) => {
    const chunks = [framed(type, new Uint8Array(0))];
    const send = async (sendBytesMax: number) => {
      const caller = rawCaller(
        { readBytesMax, sendBytesMax },
        {
          async *serverStream() {
            yield response;
          },
        },
      );
      return statusOf(type, await caller({ call: "ServerStream", type, chunks }));
    };
    expect(await send(506)).toBe(fine(type));
    expect(await send(505)).toBe(tooLarge(type));
  });
});
