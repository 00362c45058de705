/** Bad input gets a clear error on every surface, and the next request works. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { create, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ErrorInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ChatRequestSchema, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictService } from "#gen/polygate/v1/predict_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway({
    yaml: "gateway: { host: 127.0.0.1, port: 0, max_request_size: 100KB }",
  });
});
afterAll(() => gateway[Symbol.asyncDispose]());

afterEach(async () => {
  const next = await fetch(`${gateway.url}/v1/query`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"query": "what is 12*7?"}',
  });
  expect(next.status, "the next request works").toBe(200);
});

interface RestError {
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly details: readonly Record<string, unknown>[];
    readonly timestamp: string;
    readonly request_id: string;
  };
}

const json = { "content-type": "application/json" };

async function send(path: string, init: RequestInit = {}) {
  const answer = await fetch(gateway.url + path, init);
  return {
    status: answer.status,
    headers: answer.headers,
    body: (await answer.json()) as RestError,
  };
}

function form(part: Blob): FormData {
  const parts = new FormData();
  parts.set("file", part, "file.bin");
  return parts;
}

interface Row {
  readonly name: string;
  readonly path: string;
  readonly init: RequestInit;
  readonly status: number;
  readonly code: string;
  /** What the message names. */
  readonly names: string;
}

const post = (
  body: NonNullable<RequestInit["body"]>,
  headers: Record<string, string> = json,
): RequestInit => ({
  method: "POST",
  headers,
  body,
});
const image = readFileSync(digitImage(3));
const tensor = (change: object) =>
  post(
    JSON.stringify({
      inputs: [
        {
          name: "image",
          datatype: "FP32",
          shape: [1, 1, 28, 28],
          data: Array(784).fill(0),
          ...change,
        },
      ],
    }),
  );

const rows: Row[] = [
  {
    name: "an unknown path",
    path: "/no/such/path",
    init: {},
    status: 404,
    code: "ROUTE_UNKNOWN",
    names: "path",
  },
  {
    name: "a wrong method",
    path: "/api/v1/chat",
    init: { method: "DELETE" },
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    names: "",
  },
  {
    name: "a wrong method on a page",
    path: "/metrics",
    init: { method: "POST" },
    status: 405,
    code: "METHOD_NOT_ALLOWED",
    names: "GET",
  },
  {
    name: "an unknown content type",
    path: "/api/v1/chat",
    init: post("<a/>", { "content-type": "application/xml" }),
    status: 415,
    code: "MEDIA_TYPE_UNSUPPORTED",
    names: "application/xml",
  },
  {
    name: "a body that is not JSON",
    path: "/api/v1/chat",
    init: post("{message"),
    status: 400,
    code: "BODY_MALFORMED",
    names: "",
  },
  {
    name: "an empty body where a field is needed",
    path: "/api/v1/chat",
    init: { method: "POST" },
    status: 400,
    code: "REQUEST_INVALID",
    names: "message",
  },
  {
    name: "a field of the wrong type",
    path: "/api/v1/chat",
    init: post('{"message": "x", "use_tools": "perhaps"}'),
    status: 400,
    code: "REQUEST_INVALID",
    names: "use_tools",
  },
  {
    name: "a field out of range",
    path: "/api/v1/chat",
    init: post('{"message": "x", "temperature": 5}'),
    status: 400,
    code: "REQUEST_INVALID",
    names: "temperature",
  },
  {
    name: "an unknown query parameter",
    path: "/stats?verbose=1",
    init: {},
    status: 400,
    code: "PARAMETER_INVALID",
    names: "verbose",
  },
  {
    name: "a query parameter out of range",
    path: "/api/monitoring/performance?hours=9999",
    init: {},
    status: 400,
    code: "REQUEST_INVALID",
    names: "hours",
  },
  {
    name: "more messages than their rule allows, which go on for ever",
    path: "/api/v1/chat",
    init: post(`{"messages":[${"{},".repeat(20_000)}`),
    status: 400,
    code: "REQUEST_INVALID",
    names: "messages: must contain no more than 4096 item(s)",
  },
  {
    name: "lists within lists",
    path: "/api/v1/chat",
    init: post(`{"tools":${"[".repeat(90_000)}`),
    status: 400,
    code: "REQUEST_INVALID",
    names: "tools[0]: expected a JSON object",
  },
  {
    name: "more pairs of a form than are read",
    path: "/api/v1/chat",
    init: {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "&".repeat(90_000),
    },
    status: 400,
    code: "REQUEST_INVALID",
    names: "1000",
  },
  {
    name: "a body over the limit",
    path: "/api/v1/chat",
    init: post(JSON.stringify({ message: "x".repeat(200_000) })),
    status: 413,
    code: "BODY_TOO_LARGE",
    names: "max_request_size",
  },
  {
    name: "an upload over the limit",
    path: "/predict/digits",
    init: { method: "POST", body: form(new Blob([new Uint8Array(300_000)])) },
    status: 413,
    code: "BODY_TOO_LARGE",
    names: "max_request_size",
  },
  {
    name: "a model that is not there",
    path: "/predict/nope",
    init: { method: "POST", body: form(new Blob([image])) },
    status: 404,
    code: "MODEL_UNKNOWN",
    names: '"nope"',
  },
  {
    name: "a file that is no image",
    path: "/predict/digits",
    init: { method: "POST", body: form(new Blob(["no image"])) },
    status: 400,
    code: "IMAGE_INVALID",
    names: "file",
  },
  {
    name: "an image that is cut off",
    path: "/predict/digits",
    init: { method: "POST", body: form(new Blob([image.subarray(0, image.length / 2)])) },
    status: 400,
    code: "IMAGE_INVALID",
    names: "file",
  },
  {
    name: "an empty file",
    path: "/predict/digits",
    init: { method: "POST", body: form(new Blob([])) },
    status: 400,
    code: "REQUEST_INVALID",
    names: "file",
  },
  {
    name: "a tensor of the wrong shape",
    path: "/predict/digits",
    init: tensor({ shape: [1, 784] }),
    status: 400,
    code: "TENSOR_INVALID",
    names: "image",
  },
  {
    name: "a tensor of the wrong type",
    path: "/predict/digits",
    init: tensor({ datatype: "INT64" }),
    status: 400,
    code: "TENSOR_INVALID",
    names: "FP32",
  },
  {
    name: "a tensor with too few elements",
    path: "/predict/digits",
    init: tensor({ data: [1, 2, 3] }),
    status: 400,
    code: "TENSOR_INVALID",
    names: "784",
  },
  {
    name: "a tensor with an unknown name",
    path: "/predict/digits",
    init: tensor({ name: "picture" }),
    status: 400,
    code: "TENSOR_INVALID",
    names: '"picture"',
  },
  {
    name: "a number that its type cannot hold",
    path: "/predict/digits",
    init: tensor({ datatype: "UINT8", data: [300, ...Array(783).fill(0)] }),
    status: 400,
    code: "TENSOR_INVALID",
    names: "data[0]",
  },
  {
    name: "a bad percent escape in the path",
    path: "/api/v1/models/%zz",
    init: {},
    status: 400,
    code: "REQUEST_INVALID",
    names: "",
  },
];

describe("REST", () => {
  for (const { name, path, init, status, code, names } of rows) {
    test(`${name} gets ${status} ${code}`, async () => {
      const answer = await send(path, init);
      expect([answer.status, answer.body.error.code]).toEqual([status, code]);
      expect(answer.body.error.message).toContain(names);
      expect(answer.body.error).toMatchObject({
        details: expect.arrayContaining([
          expect.objectContaining({
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: code,
          }),
        ]),
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
        request_id: answer.headers.get("x-request-id"),
      });
      expect(JSON.stringify(answer.body)).not.toMatch(/\/src\/|node_modules|\bat \w+ \(/);
    });
  }

  test("405 names the methods that are taken", async () => {
    const { headers } = await send("/api/v1/chat", { method: "DELETE" });
    expect(headers.get("allow")?.split(", ")).toContain("POST");
  });

  test("an upload that stops half-way leaves nothing behind", async () => {
    const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
    await once(socket, "connect");
    socket.write(
      "POST /predict/digits HTTP/1.1\r\nhost: a\r\nx-request-id: half-way\r\ncontent-length: 5000\r\ncontent-type: multipart/form-data; boundary=b\r\n\r\n--b\r\ncontent-disposition: form-data; name=file; filename=a\r\n\r\nhalf",
    );
    socket.end();
    const line = await gateway.line(({ request_id }) => request_id === "half-way");
    expect(line.status).toBe(499);
  });
});

describe("gRPC and Connect", () => {
  const transports = [
    { name: "gRPC", transport: () => createGrpcTransport({ baseUrl: gateway.url }) },
    {
      name: "Connect",
      transport: () => createConnectTransport({ baseUrl: gateway.url, httpVersion: "1.1" }),
    },
  ];
  const failure = async (call: Promise<unknown>) => {
    const error = await call.then(
      () => undefined,
      (thrown) => ConnectError.from(thrown),
    );
    const [info] = error?.findDetails(ErrorInfoSchema) ?? [];
    return { code: error?.code, reason: info?.reason, message: error?.rawMessage };
  };

  describe.each(transports)("$name", ({ transport }) => {
    test("an unknown model is NOT_FOUND", async () => {
      const client = createClient(PredictService, transport());
      expect(
        await failure(client.predict({ model: "nope", file: Uint8Array.of(1) })),
      ).toMatchObject({
        code: Code.NotFound,
        reason: "MODEL_UNKNOWN",
      });
    });

    test("a call without input names the field", async () => {
      const client = createClient(PredictService, transport());
      expect(await failure(client.predict({ model: "digits" }))).toMatchObject({
        code: Code.InvalidArgument,
        reason: "REQUEST_INVALID",
        message: expect.stringContaining("file"),
      });
    });

    test("a message over the limit is RESOURCE_EXHAUSTED", async () => {
      const client = createClient(ChatService, transport());
      const { code } = await failure(client.chat({ message: "x".repeat(200_000) }));
      expect(code).toBe(Code.ResourceExhausted);
    });

    test("a stream is refused by the unary method, which names the right one", async () => {
      const client = createClient(ChatService, transport());
      expect(await failure(client.chat({ message: "x", stream: true }))).toMatchObject({
        code: Code.InvalidArgument,
        message: expect.stringContaining("StreamChat"),
      });
    });
  });

  test("bytes that are no message are an error, not a crash", async () => {
    const answer = await fetch(`${gateway.url}/polygate.v1.ChatService/Chat`, {
      method: "POST",
      headers: { "content-type": "application/proto" },
      body: Uint8Array.of(0xff, 0xff, 0xff),
    });
    expect(await answer.json()).toMatchObject({
      code: "invalid_argument",
      message: expect.stringContaining("not protobuf"),
    });
  });

  test("an unknown content type on a procedure is 415", async () => {
    const answer = await fetch(`${gateway.url}/polygate.v1.ChatService/Chat`, {
      method: "POST",
      headers: { "content-type": "text/plain" },
      body: toBinary(ChatRequestSchema, create(ChatRequestSchema, { message: "x" })),
    });
    expect(answer.status).toBe(415);
  });

  test("a deadline that has passed before the call is DEADLINE_EXCEEDED over REST, too", async () => {
    const answer = await send("/api/v1/chat", {
      ...post('{"message": "hello"}'),
      headers: { ...json, "x-server-timeout": "0" },
    });
    expect([answer.status, answer.body.error.code]).toEqual([504, "DEADLINE_EXCEEDED"]);
  });
});
