/** Servers of grpc.testing.TestService by other people: @grpc/grpc-js and Connect's node adapter. */

import { once } from "node:events";
import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { create, type DescMessage, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  type Metadata as GrpcMetadata,
  type handleBidiStreamingCall,
  type handleClientStreamingCall,
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import {
  type EchoStatus,
  type Empty,
  EmptySchema,
  type SimpleRequest,
  type SimpleResponse,
  SimpleResponseSchema,
  type StreamingInputCallRequest,
  type StreamingInputCallResponse,
  StreamingInputCallResponseSchema,
  type StreamingOutputCallRequest,
  type StreamingOutputCallResponse,
  StreamingOutputCallResponseSchema,
  TestService,
} from "../gen/grpc/testing/test_pb.js";
import { testService } from "../interop/grpc-service.ts";

/** A server on loopback. */
export interface TestServer extends AsyncDisposable {
  readonly port: number;
}

/** Connect's own adapter on node:http2. */
export async function startConnectNode(): Promise<TestServer> {
  const server = createServer(
    connectNodeAdapter({ routes: (router) => router.service(TestService, testService) }),
  );
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => sessions.add(session));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const session of sessions) session.destroy();
    },
  };
}

const echoed = ["x-grpc-test-echo-initial", "x-grpc-test-echo-trailing-bin"] as const;

/** The metadata to answer with: ahead of the messages and behind them. */
function echoOf(metadata: GrpcMetadata) {
  const [header, trailer] = echoed.map((name) => {
    const echo = new Metadata();
    for (const value of metadata.get(name)) echo.add(name, value);
    return echo;
  });
  return { header: header ?? new Metadata(), trailer: trailer ?? new Metadata() };
}

function errorOf(status: EchoStatus | undefined) {
  if (status === undefined || status.code === 0) return undefined;
  return { code: status.code, details: status.message };
}

function body(size: number) {
  return { payload: { body: new Uint8Array(size) } };
}

const output = (size: number) => create(StreamingOutputCallResponseSchema, body(size));

interface Implementation {
  readonly emptyCall: handleUnaryCall<Empty, Empty>;
  readonly unaryCall: handleUnaryCall<SimpleRequest, SimpleResponse>;
  readonly streamingOutputCall: handleServerStreamingCall<
    StreamingOutputCallRequest,
    StreamingOutputCallResponse
  >;
  readonly streamingInputCall: handleClientStreamingCall<
    StreamingInputCallRequest,
    StreamingInputCallResponse
  >;
  readonly fullDuplexCall: handleBidiStreamingCall<
    StreamingOutputCallRequest,
    StreamingOutputCallResponse
  >;
}

const implementation: Implementation = {
  emptyCall: (_call, answer) => answer(null, create(EmptySchema)),
  unaryCall(call, answer) {
    const { header, trailer } = echoOf(call.metadata);
    call.sendMetadata(header);
    const error = errorOf(call.request.responseStatus);
    if (error !== undefined) answer(error);
    else answer(null, create(SimpleResponseSchema, body(call.request.responseSize)), trailer);
  },
  streamingOutputCall(call) {
    for (const { size } of call.request.responseParameters) call.write(output(size));
    call.end();
  },
  streamingInputCall(call, answer) {
    let aggregatedPayloadSize = 0;
    call.on("data", (request: StreamingInputCallRequest) => {
      aggregatedPayloadSize += request.payload?.body.length ?? 0;
    });
    call.on("end", () => {
      answer(null, create(StreamingInputCallResponseSchema, { aggregatedPayloadSize }));
    });
  },
  fullDuplexCall(call) {
    const { header, trailer } = echoOf(call.metadata);
    call.sendMetadata(header);
    call.on("error", () => {});
    call.on("data", ({ responseStatus, responseParameters }: StreamingOutputCallRequest) => {
      const error = errorOf(responseStatus);
      if (error !== undefined) call.emit("error", error);
      else for (const { size } of responseParameters) call.write(output(size));
    });
    call.on("end", () => call.end(trailer));
  },
};

function codecOf(schema: DescMessage) {
  return {
    write: (message: Message) => Buffer.from(toBinary(schema, message)),
    read: (bytes: Buffer) => fromBinary(schema, bytes),
  };
}

function definition(): ServiceDefinition {
  const methods = Object.values(TestService.method).map((method) => {
    const [request, response] = [codecOf(method.input), codecOf(method.output)];
    const kind = method.methodKind as string;
    return [
      method.localName,
      {
        path: `/${TestService.typeName}/${method.name}`,
        requestStream: kind === "client_streaming" || kind === "bidi_streaming",
        responseStream: kind === "server_streaming" || kind === "bidi_streaming",
        requestSerialize: request.write,
        requestDeserialize: request.read,
        responseSerialize: response.write,
        responseDeserialize: response.read,
      },
    ];
  });
  return Object.fromEntries(methods);
}

/** The server of @grpc/grpc-js. */
export async function startGrpcJs(): Promise<TestServer> {
  const server = new Server();
  server.addService(definition(), { ...implementation });
  const bind = promisify(server.bindAsync.bind(server));
  const port = await bind("127.0.0.1:0", ServerCredentials.createInsecure());
  return {
    port,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}
