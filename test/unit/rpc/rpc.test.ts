import {
  create,
  createFileRegistry,
  type DescService,
  toBinary,
  toJsonString,
} from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  MethodOptions_IdempotencyLevel as IdempotencyLevel,
} from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import { codingOf } from "#protocol/compression.ts";
import { envelope } from "#protocol/envelope.ts";
import { createCallPath } from "#rpc/call.ts";
import { createRpc } from "#rpc/rpc.ts";
import {
  ServerStreamRequestSchema,
  UnaryRequestSchema,
} from "../../gen/connectrpc/conformance/v1/service_pb.js";
import { MemoryExchange } from "../../support/memory-exchange.ts";
import {
  envelopesOf,
  framed,
  type RawCall,
  rawCaller,
  statusOf,
} from "../../support/rpc-caller.ts";

const data = new TextEncoder().encode("hello");
const unary = toBinary(
  UnaryRequestSchema,
  create(UnaryRequestSchema, {
    responseDefinition: { response: { case: "responseData", value: data } },
  }),
);
const streamRequest = toBinary(
  ServerStreamRequestSchema,
  create(ServerStreamRequestSchema, { responseDefinition: { responseData: [data, data] } }),
);
const long = Buffer.alloc(1100, 0x61);

const grpc = "application/grpc";
const web = "application/grpc-web+proto";
const text = "application/grpc-web-text";
const connect = "application/proto";
const stream = "application/connect+proto";
const all = [grpc, web, text, connect] as const;

interface Row extends Partial<RawCall> {
  readonly name: string;
  readonly types: readonly string[];
  readonly body?: (type: string) => Uint8Array;
  /** Status of gRPC and gRPC-Web, and of Connect. */
  readonly status: readonly [grpc: string, connect: string];
}

const encodings: Readonly<Record<string, string>> = {
  [grpc]: "grpc-encoding",
  [web]: "grpc-encoding",
  [text]: "grpc-encoding",
  [connect]: "content-encoding",
  [stream]: "connect-content-encoding",
};

const rows: Row[] = [
  { name: "a whole call is answered", types: all, status: ["0", "ok"] },
  {
    name: "bytes that are no message are refused",
    types: all,
    body: (type) => framed(type, Uint8Array.of(0xff, 0xff)),
    status: ["13", "invalid_argument"],
  },
  {
    name: "a message over the limit is refused",
    types: all,
    body: (type) => framed(type, long),
    status: ["8", "resource_exhausted"],
  },
  {
    name: "a body that is no envelope is refused",
    types: [grpc, web],
    body: () => Uint8Array.of(0, 0, 0, 0, 9, 1),
    status: ["13", ""],
  },
  {
    name: "a body that is not base64 is refused",
    types: [text],
    body: () => Buffer.from("!!!!"),
    status: ["13", ""],
  },
  {
    name: "a body of no message is UNIMPLEMENTED",
    types: [grpc, web, text],
    body: () => new Uint8Array(0),
    status: ["12", ""],
  },
  {
    name: "a passed deadline is told without a call",
    types: all,
    headers: { "grpc-timeout": "0n", "connect-timeout-ms": "0" },
    status: ["4", "deadline_exceeded"],
  },
  {
    name: "a time that does not read is refused",
    types: all,
    headers: { "grpc-timeout": "soon", "connect-timeout-ms": "soon" },
    status: ["13", "invalid_argument"],
  },
  {
    name: "a version of Connect that is not 1 is refused",
    types: [connect],
    headers: { "connect-protocol-version": "2" },
    status: ["", "invalid_argument"],
  },
];

describe.each(rows)(
  "$name",
  ({ types, status, body = (type) => framed(type, unary), headers = {} }) => {
    test.each(types)("%s", async (type) => {
      const exchange = await rawCaller()({ call: "Unary", type, chunks: [body(type)], headers });
      expect(statusOf(type, exchange)).toBe(status[type === connect ? 1 : 0]);
      expect(exchange.text).not.toMatch(/\bat \w+ \(|node_modules/);
    });
  },
);

describe("codings", () => {
  test.each(Object.entries(encodings))(
    "%s: an unknown one is UNIMPLEMENTED",
    async (type, field) => {
      const call = type === stream ? "ServerStream" : "Unary";
      const exchange = await rawCaller()({
        call,
        type,
        chunks: [framed(type, type === stream ? streamRequest : unary)],
        headers: { [field]: "snappy" },
      });
      expect(statusOf(type, exchange)).toBe(type.includes("grpc") ? "12" : "unimplemented");
      const accepted = exchange.answerHeaders.find(([name]) => name.includes("accept-encoding"));
      expect(accepted?.[1]).toBe("gzip,br,zstd");
    },
  );

  test.each(["gzip", "br", "zstd"])(
    "%s: what expands past the limit is refused, however small it came",
    async (name) => {
      const bomb = (await codingOf(name)?.compress(Buffer.alloc(1 << 18))) ?? Buffer.alloc(0);
      expect(bomb.length).toBeLessThan(1024 + 5);
      for (const type of [grpc, connect]) {
        const body = type === grpc ? envelope(1, bomb) : bomb;
        const headers = { [encodings[type] ?? ""]: name };
        const exchange = await rawCaller()({ call: "Unary", type, chunks: [body], headers });
        expect(statusOf(type, exchange)).toBe(type === grpc ? "8" : "resource_exhausted");
      }
    },
  );

  test.each([grpc, web, text])(
    "%s: a body over the limit is told the limit of a message, without envelope or base64",
    async (type) => {
      const body = framed(type, new Uint8Array(4000));
      const exchange = await rawCaller()({ call: "Unary", type, chunks: [body] });
      const written = type === text ? Buffer.from(exchange.text, "base64") : exchange.bytes;
      const fields = [...exchange.answerHeaders, ...exchange.answerTrailers].flat().join("\n");
      expect(decodeURIComponent(`${written.toString()}${fields}`)).toContain(
        "the message exceeds 1024 bytes",
      );
    },
  );

  test("only messages that are worth it are compressed", async () => {
    const ask = (value: Uint8Array) =>
      toBinary(
        UnaryRequestSchema,
        create(UnaryRequestSchema, {
          responseDefinition: { response: { case: "responseData", value } },
        }),
      );
    const flagsOf = async (value: Uint8Array) => {
      const exchange = await rawCaller({ readBytesMax: 10_000 })({
        call: "Unary",
        type: grpc,
        chunks: [envelope(0, ask(value))],
        headers: { "grpc-accept-encoding": "gzip" },
      });
      return envelopesOf(exchange.bytes).map(({ flags }) => flags);
    };
    expect(await flagsOf(data)).toEqual([0]);
    expect(await flagsOf(Buffer.alloc(4000))).toEqual([1]);
  });
});

describe("requests that are none of the procedure's", () => {
  const cases: (RawCall & { name: string; status: number; header?: readonly string[] })[] = [
    {
      name: "a method other than POST is 405 and told which are taken",
      call: "Unary",
      type: grpc,
      method: "GET",
      status: 405,
      header: ["allow", "POST"],
    },
    {
      name: "a method without side effects takes GET, too",
      call: "IdempotentUnary",
      type: connect,
      method: "DELETE",
      status: 405,
      header: ["allow", "GET, POST"],
    },
    { name: "an unknown content type is 415", call: "Unary", type: "text/plain", status: 415 },
    { name: "a stream's type on a unary method is 415", call: "Unary", type: stream, status: 415 },
    { name: "a unary type on a stream is 415", call: "ServerStream", type: connect, status: 415 },
    {
      name: "messages both ways over HTTP/1.1 are 505",
      call: "BidiStream",
      type: stream,
      httpVersion: "1.1",
      status: 505,
    },
  ];
  test.each(cases)("$name", async ({ status, header, name: _name, ...call }) => {
    const exchange = await rawCaller()(call);
    expect(exchange.status).toBe(status);
    expect(exchange.text).not.toBe("");
    if (header !== undefined) expect(exchange.answerHeaders).toContainEqual(header);
  });
});

test("a stream without side effects takes POST alone", async () => {
  const file = create(FileDescriptorProtoSchema, {
    name: "safe.proto",
    syntax: "proto3",
    messageType: [{ name: "M" }],
    service: [
      {
        name: "S",
        method: [
          {
            name: "Watch",
            inputType: ".M",
            outputType: ".M",
            serverStreaming: true,
            options: { idempotencyLevel: IdempotencyLevel.NO_SIDE_EFFECTS },
          },
        ],
      },
    ],
  });
  const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }));
  const service = registry.getService("S") as DescService;
  const calls = createCallPath((router) => router.service(service, {}), []);
  const rpc = createRpc(calls, { readBytesMax: 1024 });
  const exchange = new MemoryExchange({
    method: "GET",
    target: "/S/Watch?encoding=json&message=%7B%7D",
    httpVersion: "2",
    headers: {},
  });
  const procedure = rpc.procedureOf(exchange.target);
  if (procedure === undefined) return expect.unreachable("the method is mounted");
  expect(rpc.serve(exchange, procedure, createContextValues())).toBeUndefined();
  expect(exchange.status).toBe(405);
  expect(exchange.answerHeaders).toContainEqual(["allow", "POST"]);
});

describe("Connect GET", () => {
  const json = toJsonString(UnaryRequestSchema, create(UnaryRequestSchema));
  const get = (query: string) =>
    rawCaller()({
      call: `IdempotentUnary?${query}`,
      type: "",
      method: "GET",
      httpVersion: "1.1",
    });

  test.each([
    ["a message in JSON", `encoding=json&message=${encodeURIComponent(json)}`],
    ["an empty message in base64", "connect=v1&encoding=proto&base64=1&message="],
    [
      "a message in base64 for URLs, without padding",
      `encoding=proto&base64=1&message=${Buffer.from(unary).toString("base64url")}`,
    ],
  ])("%s is answered", async (_name, query) => {
    expect((await get(query)).status).toBe(200);
  });

  test("a compressed message is answered", async () => {
    const packed = (await codingOf("gzip")?.compress(unary)) ?? Buffer.alloc(0);
    const message = Buffer.from(packed).toString("base64url");
    const exchange = await get(`encoding=proto&base64=1&compression=gzip&message=${message}`);
    expect(exchange.status).toBe(200);
  });

  test.each([
    ["no message", "encoding=json", 400],
    ["no base64", "encoding=proto&base64=1&message=!", 400],
    ["a wrong version", "connect=v2&encoding=json&message={}", 400],
    ["an unknown coding", "compression=foo&encoding=json&message={}", 501],
    ["an unknown format", "encoding=xml&message={}", 415],
    ["no format", "message={}", 415],
  ])("%s is refused", async (_name, query, status) => {
    expect((await get(query)).status).toBe(status);
  });
});

describe("errors of handlers", () => {
  const failing = (error: ConnectError) =>
    rawCaller(
      {},
      {
        unary(_request, context) {
          context.responseHeader.set("x-head", "1");
          context.responseTrailer.set("x-tail", "2");
          throw error;
        },
      },
    );

  test.each([grpc, web, connect])(
    "%s: code, metadata ahead and behind, and the error's own",
    async (type) => {
      const error = new ConnectError("gone", Code.NotFound, { "x-error": "3" });
      const exchange = await failing(error)({ call: "Unary", type, chunks: [framed(type, unary)] });
      expect(statusOf(type, exchange)).toBe(type === connect ? "not_found" : "5");
      const sent = JSON.stringify([exchange.answerHeaders, exchange.answerTrailers, exchange.text]);
      for (const field of ["x-head", "x-tail", "x-error"]) expect(sent).toContain(field);
    },
  );

  test.each([
    { name: "without metadata a gRPC error is one block of fields", headed: false, joined: false },
    { name: "with metadata it is not", headed: true, joined: false },
    { name: "with metadata it is, where that is asked for", headed: true, joined: true },
  ])("$name", async ({ headed, joined }) => {
    const call = rawCaller(
      { trailersOnlyErrors: joined },
      {
        unary: (_input, { responseHeader }) => {
          if (headed) responseHeader.set("x-head", "1");
          throw fault("POOL_EMPTY", "no core");
        },
      },
    );
    const exchange = await call({ call: "Unary", type: grpc, chunks: [framed(grpc, unary)] });
    const { answerHeaders, answerTrailers } = exchange;
    const isOneBlock = joined || !headed;
    expect(isOneBlock ? answerHeaders : answerTrailers).toContainEqual(["grpc-status", "14"]);
    if (isOneBlock) expect(answerTrailers).toEqual([]);
    if (headed) expect(answerHeaders).toContainEqual(["x-head", "1"]);
  });

  test("what is no error of Connect's is INTERNAL, and its text stays inside", async () => {
    const call = rawCaller(
      {},
      {
        unary: () => {
          throw new Error("a secret");
        },
      },
    );
    for (const type of all) {
      const exchange = await call({ call: "Unary", type, chunks: [framed(type, unary)] });
      expect(statusOf(type, exchange)).toBe(type === connect ? "internal" : "13");
      const sent = JSON.stringify([exchange.answerHeaders, exchange.answerTrailers]);
      expect(sent + exchange.text).not.toContain("a secret");
    }
  });

  test("details of our own can be left out", async () => {
    const call = rawCaller(
      { plainErrors: true },
      {
        unary: () => {
          throw fault("POOL_EMPTY", "no core");
        },
      },
    );
    const exchange = await call({ call: "Unary", type: connect, chunks: [unary] });
    expect(JSON.parse(exchange.text)).toEqual({ code: "unavailable", message: "no core" });
  });

  test("an answer over the limit for sending is refused", async () => {
    const call = rawCaller({ sendBytesMax: 4 });
    for (const type of all) {
      const exchange = await call({ call: "Unary", type, chunks: [framed(type, unary)] });
      expect(statusOf(type, exchange)).toBe(type === connect ? "resource_exhausted" : "8");
    }
  });
});

describe("a call that fails before its message is there passes the interceptors once, as it is told", () => {
  const failures = [
    {
      name: "a time that does not read",
      headers: { "grpc-timeout": "?", "connect-timeout-ms": "?" },
    },
    { name: "no time left", headers: { "grpc-timeout": "0S", "connect-timeout-ms": "0" } },
    { name: "an unknown coding", headers: { "grpc-encoding": "x", "content-encoding": "x" } },
    { name: "bytes that are no message", body: Uint8Array.of(0xff, 0xff) },
    { name: "a message over the limit", body: long },
  ];
  test.each(failures)("$name", async ({ headers = {}, body = unary }) => {
    for (const type of all) {
      const seen: ConnectError[] = [];
      const call = rawCaller({}, {}, [
        (next) => async (request) => {
          try {
            return await next(request);
          } catch (thrown) {
            seen.push(ConnectError.from(thrown));
            throw thrown;
          }
        },
      ]);
      const exchange = await call({ call: "Unary", type, headers, chunks: [framed(type, body)] });
      expect(seen, type).toHaveLength(1);
      const word = type === connect ? JSON.parse(exchange.text).code : statusOf(type, exchange);
      const code = seen[0]?.code ?? Code.Unknown;
      expect([
        Code[code]?.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase(),
        String(code),
      ]).toContain(word);
    }
  });

  test("an interceptor that refuses it has the last word", async () => {
    const call = rawCaller({}, {}, [
      () => () => {
        throw fault("CREDENTIAL_MISSING", "who are you");
      },
    ]);
    const exchange = await call({ call: "Unary", type: grpc, chunks: [Uint8Array.of(9)] });
    expect(statusOf(grpc, exchange)).toBe(String(Code.Unauthenticated));
  });
});

test.each(all)("%s: a body that does not come in time is DEADLINE_EXCEEDED", async (type) => {
  const exchange = await rawCaller()({
    call: "Unary",
    type,
    headers: { "grpc-timeout": "5m", "connect-timeout-ms": "5" },
    chunks: [framed(type, unary).subarray(0, 3)],
    stalls: true,
  });
  expect(statusOf(type, exchange)).toBe(type === connect ? "deadline_exceeded" : "4");
});

test("a client that leaves half-way through its message ends the call at once", async () => {
  const reason = Promise.withResolvers<unknown>();
  const call = rawCaller(
    {},
    {
      async clientStream(requests, { signal }) {
        signal.addEventListener("abort", () => reason.resolve(signal.reason));
        for await (const _request of requests);
        return {};
      },
    },
  );
  void call({
    call: "ClientStream",
    type: grpc,
    chunks: [framed(grpc, unary).subarray(0, 7)],
    leaves: true,
  });
  expect(await reason.promise).toMatchObject({ code: Code.Canceled });
});

test("a stream's messages leave one by one, their end behind them", async () => {
  for (const type of [grpc, web, text, stream]) {
    const exchange = await rawCaller()({
      call: "ServerStream",
      type,
      chunks: [framed(type, streamRequest)],
    });
    expect(statusOf(type, exchange)).toBe(type === stream ? "ok" : "0");
    expect(exchange.pieces).toHaveLength(type === grpc ? 2 : 3);
  }
});

test("metadata named as what every object has goes where all metadata goes", async () => {
  const names = ["constructor", "__proto__", "tostring"];
  const call = rawCaller(
    {},
    {
      async *serverStream(_request, { responseTrailer }) {
        for (const name of names) responseTrailer.append(name, "1");
        responseTrailer.append("constructor", "2");
        yield* [];
      },
    },
  );
  for (const type of [grpc, web, text, stream]) {
    const exchange = await call({
      call: "ServerStream",
      type,
      chunks: [framed(type, streamRequest)],
    });
    expect(statusOf(type, exchange)).toBe(type === stream ? "ok" : "0");
    if (type !== stream) continue;
    const { metadata } = JSON.parse(envelopesOf(exchange.bytes).at(-1)?.payload.toString() ?? "");
    expect(Object.entries(metadata)).toEqual([
      ["constructor", ["1", "2"]],
      ["__proto__", ["1"]],
      ["tostring", ["1"]],
    ]);
  }
});
