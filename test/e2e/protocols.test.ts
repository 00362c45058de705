/** Every protocol on one port gives the same answers: real clients, real sockets. */

import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import {
  createConnectTransport as createWebConnectTransport,
  createGrpcWebTransport as createWebGrpcWebTransport,
} from "@connectrpc/connect-web";
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BadRequestSchema, ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ChatRequestSchema, ChatResponseSchema, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";

interface Way {
  readonly name: string;
  readonly transport: (baseUrl: string) => Transport;
  /** Streams both ways at once. */
  readonly bidi: boolean;
}

const ways: Way[] = [
  ...([true, false] as const).flatMap((useBinaryFormat): Way[] => {
    const format = useBinaryFormat ? "binary" : "JSON";
    return (["1.1", "2"] as const).flatMap((httpVersion): Way[] => [
      {
        name: `Connect ${format} over HTTP/${httpVersion}`,
        transport: (baseUrl) => createConnectTransport({ baseUrl, httpVersion, useBinaryFormat }),
        bidi: httpVersion === "2",
      },
      {
        name: `gRPC-Web ${format} over HTTP/${httpVersion}`,
        transport: (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion, useBinaryFormat }),
        bidi: httpVersion === "2",
      },
    ]);
  }),
  {
    name: "gRPC binary",
    transport: (baseUrl) => createGrpcTransport({ baseUrl }),
    bidi: true,
  },
  {
    name: "gRPC JSON",
    transport: (baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat: false }),
    bidi: true,
  },
  {
    name: "Connect from a browser's client",
    transport: (baseUrl) => createWebConnectTransport({ baseUrl }),
    bidi: false,
  },
  {
    name: "Connect GET from a browser's client",
    transport: (baseUrl) => createWebConnectTransport({ baseUrl, useHttpGet: true }),
    bidi: false,
  },
  {
    name: "gRPC-Web from a browser's client",
    transport: (baseUrl) => createWebGrpcWebTransport({ baseUrl }),
    bidi: false,
  },
];

describe.each(["polygate", "node"])("HTTP by the engines of %s:", (engine) => {
  let gateway: RunningGateway;
  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: `gateway: { host: 127.0.0.1, port: 0, http1_engine: ${engine}, http2_engine: ${engine} }`,
    });
  });
  afterAll(() => gateway[Symbol.asyncDispose]());

  describe.each(ways)("$name", ({ transport }) => {
    test("a unary call is answered, tools and usage included", async () => {
      const client = createClient(ChatService, transport(gateway.url));
      const answer = await client.chat({ message: "what is 12*7?", useTools: true });
      expect(answer.response).toContain("84");
      expect(answer.toolsCalled).toEqual(["calculator"]);
      expect(answer.usage?.totalTokens).toBe(
        (answer.usage?.promptTokens ?? 0) + (answer.usage?.completionTokens ?? 0),
      );
      expect(answer.modelUsed).toBe("polyagent-reference-1");
    });

    test("a server stream adds up to the unary answer and ends with its totals", async () => {
      const client = createClient(ChatService, transport(gateway.url));
      const request = { message: "what is 12*7?", useTools: true };
      const whole = await client.chat(request);
      const pieces = [];
      for await (const piece of client.streamChat(request)) pieces.push(piece);
      expect(pieces.map(({ delta }) => delta).join("")).toBe(whole.response);
      expect(pieces.filter(({ done }) => done)).toHaveLength(1);
      expect(pieces.at(-1)).toMatchObject({ done: true, finishReason: "stop", usage: whole.usage });
    });

    test("an image is classified", async () => {
      const client = createClient(PredictService, transport(gateway.url));
      const file = new Uint8Array(readFileSync(digitImage(7)));
      const { classifications, version } = await client.predict({ model: "mnist", file });
      expect(classifications[0]).toMatchObject({ label: "7", index: 7 });
      expect(version).toBe("1");
    });

    test("a method without side effects is answered", async () => {
      const client = createClient(ModelsService, transport(gateway.url));
      const model = await client.getModel({ model: "digits" });
      expect(model).toMatchObject({ id: "digits", type: "classification", state: "available" });
    });

    test("an error has code, reason and the fields at fault", async () => {
      const client = createClient(ChatService, transport(gateway.url));
      const error = await client.chat({ message: "x", temperature: 9 }).catch(ConnectError.from);
      if (!(error instanceof ConnectError)) throw new Error("no error");
      expect(error.code).toBe(Code.InvalidArgument);
      expect(error.findDetails(ErrorInfoSchema)[0]?.reason).toBe("REQUEST_INVALID");
      expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("temperature");
    });

    test("a deadline that passes ends the call with DEADLINE_EXCEEDED", async () => {
      const client = createClient(StatsService, transport(gateway.url));
      const watch = async () => {
        for await (const _stats of client.watchStats({ intervalMs: 60_000 }, { timeoutMs: 50 }));
      };
      const error = await watch().catch(ConnectError.from);
      expect(error).toMatchObject({ code: Code.DeadlineExceeded });
    });
  });

  describe.each(ways.filter(({ bidi }) => bidi))("$name", ({ transport }) => {
    test("requests on one stream are answered in their order", async () => {
      const client = createClient(PredictService, transport(gateway.url));
      const digits = [3, 1, 4, 1, 5];
      async function* requests() {
        for (const digit of digits) {
          yield { model: "digits", file: new Uint8Array(readFileSync(digitImage(digit))) };
        }
      }
      const labels = [];
      for await (const { classifications } of client.streamPredict(requests())) {
        labels.push(Number(classifications[0]?.label));
      }
      expect(labels).toEqual(digits);
    });
  });

  test("@grpc/grpc-js is answered", async () => {
    const client = new Client(new URL(gateway.url).host, credentials.createInsecure());
    const answer = await new Promise((resolve, reject) => {
      client.makeUnaryRequest(
        "/polygate.v1.ChatService/Chat",
        (message) => Buffer.from(toBinary(ChatRequestSchema, message)),
        (bytes) => fromBinary(ChatResponseSchema, bytes),
        create(ChatRequestSchema, { message: "what is 12*7?", useTools: true }),
        (error: ServiceError | null, response) => (error ? reject(error) : resolve(response)),
      );
    });
    client.close();
    expect(answer).toMatchObject({ toolsCalled: ["calculator"] });
  });

  test("a gRPC call written by hand on raw HTTP/2 gets message and trailers", async () => {
    const session = connectHttp2(gateway.url);
    const stream = session.request({
      ":method": "POST",
      ":path": "/polygate.v1.ChatService/Chat",
      "content-type": "application/grpc+proto",
      te: "trailers",
    });
    const message = toBinary(
      ChatRequestSchema,
      create(ChatRequestSchema, { message: "what is 12*7?", useTools: true }),
    );
    const head = Buffer.alloc(5);
    head.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([head, message]));
    let trailers: Record<string, unknown> = {};
    stream.on("trailers", (fields) => {
      trailers = fields;
    });
    const pieces: Buffer[] = [];
    for await (const piece of stream) pieces.push(piece);
    session.close();
    const body = Buffer.concat(pieces);
    expect(body.readUInt32BE(1)).toBe(body.length - 5);
    expect(fromBinary(ChatResponseSchema, body.subarray(5)).response).toContain("84");
    expect(trailers["grpc-status"]).toBe("0");
  });

  test("an unknown method of a known service is UNIMPLEMENTED for gRPC", async () => {
    const client = new Client(new URL(gateway.url).host, credentials.createInsecure());
    const error = await new Promise<ServiceError | null>((resolve) => {
      client.makeUnaryRequest(
        "/polygate.v1.ChatService/Nope",
        () => Buffer.alloc(0),
        (bytes) => bytes,
        {},
        (failure: ServiceError | null) => resolve(failure),
      );
    });
    client.close();
    expect(error?.code).toBe(12);
  });
});
