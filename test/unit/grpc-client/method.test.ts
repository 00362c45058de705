import { toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ChatResponseSchema } from "#gen/polyagent/core/v1/core_pb.js";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import { parserOf } from "#grpc-client/method.ts";
import { outcomeOf } from "../../support/random-message.ts";

const parse = parserOf(ChatResponseSchema);

test.each([
  ["bytes that are no message", Buffer.from([0xff]), Code.Internal],
  [
    "a message of too many elements",
    Buffer.alloc(200_002, Uint8Array.of(0x12, 0)),
    Code.ResourceExhausted,
  ],
])("%s end the call with their status", (_name, bytes, code) => {
  expect(() => parse(bytes)).toThrow(expect.objectContaining({ code }));
  expect(() => parse(bytes)).toThrow(GrpcError);
});

test("what a newer server adds stays with its message", () => {
  const bytes = Uint8Array.of(0x0a, 1, 0x61, 0xf8, 0x7f, 1);
  const read = outcomeOf(() => parse(bytes));
  if (!("value" in read)) throw new Error(read.error);
  expect(read.value.content).toBe("a");
  expect(toBinary(ChatResponseSchema, read.value)).toEqual(bytes);
});
