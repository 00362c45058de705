/** gRPC's interoperability cases as the project's own client makes them, whatever the server is. */

import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import type { CallOptions } from "#grpc-client/call.ts";
import type { GrpcChannel } from "#grpc-client/channel.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import {
  bidiMethod,
  clientStreamMethod,
  pathOfMethod,
  serverStreamMethod,
  unaryMethod,
} from "#grpc-client/method.ts";
import { envelope } from "#protocol/envelope.ts";
import {
  EmptySchema,
  SimpleRequestSchema,
  StreamingInputCallRequestSchema,
  StreamingOutputCallRequestSchema,
  TestService,
} from "../gen/grpc/testing/test_pb.js";

/** A case; it rejects when the server or the client does not keep it. */
export interface GrpcClientCase {
  readonly name: string;
  run(channel: GrpcChannel): Promise<unknown>;
}

const { method } = TestService;
const nothing = envelope(0, new Uint8Array(0));
const requestSizes = [27_182, 8, 1_828, 45_904];
const answerSizes = [31_415, 9, 2_653, 58_979];
const specialText = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n";
const echoHeader = "x-grpc-test-echo-initial";
const echoTrailer = "x-grpc-test-echo-trailing-bin";

function payload(size: number) {
  return { body: new Uint8Array(size) };
}

function inputOf(size: number) {
  return create(StreamingInputCallRequestSchema, { payload: payload(size) });
}

function outputOf(sizes: readonly number[], size?: number) {
  return create(StreamingOutputCallRequestSchema, {
    responseParameters: sizes.map((each) => ({ size: each })),
    ...(size === undefined ? {} : { payload: payload(size) }),
  });
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function failsWith(work: Promise<unknown>, code: Code, message?: string): Promise<void> {
  const error = await work.then(
    () => assert.fail("the call succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof GrpcError, String(error));
  assert.equal(error.code, code, `${error.code} ${error.message}`);
  if (message !== undefined) assert.equal(error.message, message);
}

/** Requests that are asked for as their answers come. */
async function pingPong(channel: GrpcChannel, options: CallOptions, leaveAfter = 4) {
  const turns = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
  async function* requests() {
    for (const [index, size] of requestSizes.entries()) {
      yield outputOf([answerSizes[index] ?? 0], size);
      await turns[index]?.promise;
    }
  }
  const sizes: (number | undefined)[] = [];
  for await (const answer of bidiMethod(channel, method.fullDuplexCall)(requests(), options)) {
    turns[sizes.push(answer.payload?.body.length) - 1]?.resolve();
    if (sizes.length === leaveAfter) break;
  }
  return sizes;
}

async function status(channel: GrpcChannel, message: string): Promise<void> {
  const responseStatus = { code: Code.Unknown, message };
  const request = create(SimpleRequestSchema, { responseStatus });
  await failsWith(unaryMethod(channel, method.unaryCall)(request, {}), Code.Unknown, message);
  const streamed = create(StreamingOutputCallRequestSchema, { responseStatus });
  const answers = bidiMethod(channel, method.fullDuplexCall)(each([streamed]), {});
  await failsWith(Array.fromAsync(answers), Code.Unknown, message);
}

/** All that need nothing but a server of grpc.testing.TestService. */
export const grpcClientCases: readonly GrpcClientCase[] = [
  {
    name: "empty_unary",
    run: (channel) => unaryMethod(channel, method.emptyCall)(create(EmptySchema), {}),
  },
  {
    name: "large_unary",
    async run(channel) {
      const request = create(SimpleRequestSchema, {
        responseSize: 314_159,
        payload: payload(271_828),
      });
      const answer = await unaryMethod(channel, method.unaryCall)(request, {});
      assert.equal(answer.payload?.body.length, 314_159);
    },
  },
  {
    name: "client_streaming",
    async run(channel) {
      const call = clientStreamMethod(channel, method.streamingInputCall);
      const { aggregatedPayloadSize } = await call(each(requestSizes.map(inputOf)), {});
      assert.equal(aggregatedPayloadSize, 74_922);
    },
  },
  {
    name: "server_streaming",
    async run(channel) {
      const call = serverStreamMethod(channel, method.streamingOutputCall);
      const answers = await Array.fromAsync(call(outputOf(answerSizes), {}));
      assert.deepEqual(
        answers.map((answer) => answer.payload?.body.length),
        answerSizes,
      );
    },
  },
  {
    name: "ping_pong",
    run: async (channel) => assert.deepEqual(await pingPong(channel, {}), answerSizes),
  },
  {
    name: "empty_stream",
    async run(channel) {
      const answers = bidiMethod(channel, method.fullDuplexCall)(each([]), {});
      assert.deepEqual(await Array.fromAsync(answers), []);
    },
  },
  {
    name: "custom_metadata",
    async run(channel) {
      const trailing = Buffer.from([0xab, 0xab, 0xab]).toString("base64");
      const metadata = [
        [echoHeader, "test_initial_metadata_value"],
        [echoTrailer, trailing],
      ] as const;
      const answer = await channel.unary(pathOfMethod(method.unaryCall), nothing, {
        metadata,
      });
      assert.equal(answer.header.get(echoHeader), "test_initial_metadata_value");
      const told = Buffer.from(answer.trailer.get(echoTrailer) ?? "", "base64");
      assert.deepEqual(told, Buffer.from([0xab, 0xab, 0xab]));
      const stream = await channel.stream(pathOfMethod(method.fullDuplexCall), { metadata });
      stream.closeSend();
      assert.equal((await stream.header()).get(echoHeader), "test_initial_metadata_value");
      assert.ok((await stream.next()).done);
      assert.notEqual(stream.trailer.get(echoTrailer), null);
    },
  },
  {
    name: "status_code_and_message",
    run: (channel) => status(channel, "test status message"),
  },
  { name: "special_status_message", run: (channel) => status(channel, specialText) },
  {
    name: "unimplemented_method",
    run: (channel) =>
      failsWith(
        unaryMethod(channel, method.unimplementedCall)(create(EmptySchema), {}),
        Code.Unimplemented,
      ),
  },
  {
    name: "unimplemented_service",
    run: (channel) =>
      failsWith(
        channel.unary("/grpc.testing.UnimplementedService/UnimplementedCall", nothing, {}),
        Code.Unimplemented,
      ),
  },
  {
    name: "cancel_after_begin",
    async run(channel) {
      const abort = new AbortController();
      const path = pathOfMethod(method.streamingInputCall);
      const stream = await channel.stream(path, { signal: abort.signal });
      abort.abort();
      await failsWith(stream.next(), Code.Canceled);
    },
  },
  {
    name: "cancel_after_first_response",
    async run(channel) {
      const abort = new AbortController();
      const path = pathOfMethod(method.fullDuplexCall);
      const stream = await channel.stream(path, { signal: abort.signal });
      await stream.send(
        envelope(0, toBinary(StreamingOutputCallRequestSchema, outputOf([31_415], 27_182))),
      );
      assert.equal((await stream.next()).done, false);
      abort.abort();
      await failsWith(stream.next(), Code.Canceled);
      assert.equal((await pingPong(channel, {}, 1)).length, 1);
    },
  },
  {
    name: "timeout_on_sleeping_server",
    async run(channel) {
      const options = { timeoutMs: 1 };
      await failsWith(pingPong(channel, options), Code.DeadlineExceeded);
    },
  },
];
