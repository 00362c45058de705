/** Every protocol, format, coding, HTTP version and kind of method, by clients that others wrote. */

import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { create, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  type Transport,
} from "@connectrpc/connect";
import type { Compression } from "@connectrpc/connect/protocol";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import {
  createConnectTransport as createWebConnectTransport,
  createGrpcWebTransport as createWebGrpcWebTransport,
} from "@connectrpc/connect-web";
import { Client, compressionAlgorithms, credentials, type ServiceError } from "@grpc/grpc-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Listener } from "#exchange/listener.ts";
import { serveRpc } from "#rpc/serve.ts";
import {
  SimpleRequestSchema,
  type SimpleResponse,
  SimpleResponseSchema,
  TestService,
} from "../gen/grpc/testing/test_pb.js";
import { testService } from "../interop/grpc-service.ts";

let listener: Listener;
beforeAll(async () => {
  listener = await serveRpc(
    (router: ConnectRouter) => {
      router.service(TestService, testService);
    },
    { port: 0, readBytesMax: 1 << 20 },
  );
});
afterAll(() => listener[Symbol.asyncDispose]());

/** Payloads of this many bytes are worth compressing. */
const bytes = 5000;
const body = new Uint8Array(bytes);

/** A coding of the client's that counts what it decompressed. */
interface Counted extends Compression {
  count: number;
}

function counted(
  name: string,
  compress: (bytes: Uint8Array) => Promise<Uint8Array>,
  decompress: (bytes: Uint8Array) => Promise<Uint8Array>,
): Counted {
  const coding: Counted = {
    name,
    count: 0,
    compress: async (plain) => new Uint8Array(await compress(plain)),
    async decompress(compressed) {
      coding.count += 1;
      return new Uint8Array(await decompress(compressed));
    },
  };
  return coding;
}

const codings = {
  identity: () => undefined,
  gzip: () => counted("gzip", promisify(zlib.gzip), promisify(zlib.gunzip)),
  br: () => counted("br", promisify(zlib.brotliCompress), promisify(zlib.brotliDecompress)),
  zstd: () => counted("zstd", promisify(zlib.zstdCompress), promisify(zlib.zstdDecompress)),
};

interface Way {
  readonly name: string;
  readonly coding: Counted | undefined;
  readonly bidi: boolean;
  transport(): Transport;
}

const ways: Way[] = [];
for (const [codingName, createCoding] of Object.entries(codings)) {
  for (const useBinaryFormat of [true, false]) {
    for (const httpVersion of ["1.1", "2"] as const) {
      const add = (protocol: string, create: (coding: Counted | undefined) => Transport) => {
        const coding = createCoding();
        const format = useBinaryFormat ? "proto" : "JSON";
        ways.push({
          name: `${protocol}, ${format}, ${codingName}, HTTP/${httpVersion}`,
          coding,
          bidi: httpVersion === "2",
          transport: () => create(coding),
        });
      };
      const options = (coding: Counted | undefined) => ({
        baseUrl: listener.url,
        useBinaryFormat,
        acceptCompression: coding === undefined ? [] : [coding],
        ...(coding === undefined ? {} : { sendCompression: coding }),
      });
      add("Connect", (coding) => createConnectTransport({ httpVersion, ...options(coding) }));
      add("gRPC-Web", (coding) => createGrpcWebTransport({ httpVersion, ...options(coding) }));
      if (httpVersion === "2") add("gRPC", (coding) => createGrpcTransport(options(coding)));
    }
  }
}
for (const useBinaryFormat of [true, false]) {
  const format = useBinaryFormat ? "proto" : "JSON";
  const web = [
    ["Connect", createWebConnectTransport],
    ["gRPC-Web", createWebGrpcWebTransport],
  ] as const;
  for (const [protocol, create] of web) {
    ways.push({
      name: `${protocol} by fetch, ${format}`,
      coding: undefined,
      bidi: false,
      transport: () => create({ baseUrl: listener.url, useBinaryFormat }),
    });
  }
}

describe.each(ways)("$name", ({ transport, coding, bidi, name }) => {
  /** fetch sends its body as a whole. */
  const uploads = test.skipIf(name.includes("fetch"));
  const sizes = [bytes, 0, 1];
  const responseParameters = sizes.map((size) => ({ size }));

  test("one message for one", async () => {
    const client = createClient(TestService, transport());
    const answer = await client.unaryCall({ responseSize: bytes, payload: { body } });
    expect(answer.payload?.body).toEqual(body);
    if (coding !== undefined) expect(coding.count).toBeGreaterThan(0);
  });

  test("many messages for one", async () => {
    const client = createClient(TestService, transport());
    const answers = await Array.fromAsync(client.streamingOutputCall({ responseParameters }));
    expect(answers.map(({ payload }) => payload?.body.length)).toEqual(sizes);
  });

  uploads("one message for many", async () => {
    const client = createClient(TestService, transport());
    async function* requests() {
      for (let index = 0; index < 3; index += 1) yield { payload: { body } };
    }
    const { aggregatedPayloadSize } = await client.streamingInputCall(requests());
    expect(aggregatedPayloadSize).toBe(3 * bytes);
  });

  uploads(
    bidi ? "messages both ways, each answered before the next" : "both ways is refused",
    async () => {
      const client = createClient(TestService, transport());
      const answered: number[] = [];
      async function* requests() {
        for (const size of sizes) {
          const before = answered.length;
          yield { responseParameters: [{ size }] };
          while (answered.length === before) await new Promise(setImmediate);
        }
      }
      const call = async () => {
        for await (const { payload } of client.fullDuplexCall(requests())) {
          answered.push(payload?.body.length ?? -1);
        }
      };
      if (bidi) {
        await call();
        expect(answered).toEqual(sizes);
      } else {
        await expect(call()).rejects.toThrow();
      }
    },
  );

  test("an error, its metadata ahead and behind", async () => {
    const client = createClient(TestService, transport());
    let headers = new Headers();
    let trailers = new Headers();
    const call = client.unaryCall(
      { responseStatus: { code: Code.Aborted, message: "ends ☺" } },
      {
        headers: {
          "x-grpc-test-echo-initial": "initial",
          "x-grpc-test-echo-trailing-bin": "q6ur",
        },
        onHeader: (sent) => {
          headers = sent;
        },
        onTrailer: (sent) => {
          trailers = sent;
        },
      },
    );
    const error = await call.catch(ConnectError.from);
    if (!(error instanceof ConnectError)) throw new Error("no error");
    expect([error.code, error.rawMessage]).toEqual([Code.Aborted, "ends ☺"]);
    const all = new Headers([...headers, ...trailers, ...error.metadata]);
    const echoed =
      all.get("x-grpc-test-echo-trailing-bin") ?? all.get("trailer-x-grpc-test-echo-trailing-bin");
    expect([all.get("x-grpc-test-echo-initial"), echoed]).toEqual([
      expect.stringContaining("initial"),
      expect.stringContaining("q6ur"),
    ]);
  });
});

describe.each(["identity", "gzip"] as const)("@grpc/grpc-js, %s", (coding) => {
  let client: Client;
  beforeAll(() => {
    client = new Client(new URL(listener.url).host, credentials.createInsecure(), {
      "grpc.default_compression_algorithm": compressionAlgorithms[coding],
    });
  });
  afterAll(() => client.close());

  const codec = <M extends DescMethod>(method: M) =>
    [
      `/${method.parent.typeName}/${method.name}`,
      (message: Message) => Buffer.from(toBinary(method.input, message)),
      (sent: Buffer) => fromBinary(method.output, sent),
    ] as const;

  test("one message for one", async () => {
    const [path, serialize, deserialize] = codec(TestService.method.unaryCall);
    const request = create(SimpleRequestSchema, { responseSize: bytes, payload: { body } });
    const { promise, resolve, reject } = Promise.withResolvers<SimpleResponse>();
    client.makeUnaryRequest(
      path,
      serialize,
      deserialize,
      request,
      (error: ServiceError | null, answer) =>
        error === null ? resolve(answer as SimpleResponse) : reject(error),
    );
    const answer = await promise;
    expect(answer.$typeName).toBe(SimpleResponseSchema.typeName);
    expect(answer.payload?.body).toHaveLength(bytes);
  });

  test("messages both ways", async () => {
    const [path, serialize, deserialize] = codec(TestService.method.fullDuplexCall);
    const stream = client.makeBidiStreamRequest(path, serialize, deserialize);
    const sizes: (number | undefined)[] = [];
    const request = (size: number) =>
      create(TestService.method.fullDuplexCall.input, { responseParameters: [{ size }] });
    stream.write(request(bytes));
    for await (const answer of stream) {
      sizes.push((answer as unknown as SimpleResponse).payload?.body.length);
      if (sizes.length < 3) stream.write(request(bytes));
      else stream.end();
    }
    expect(sizes).toEqual([bytes, bytes, bytes]);
  });
});
