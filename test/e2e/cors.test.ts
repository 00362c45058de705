/** Every response header of every surface is in the table of response headers, and exposed where scripts have a use for it. */

import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { create, toBinary } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { exposedHeaders, responseHeaders } from "#exchange/response-headers.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const origin = "https://app.example";
const key = "a-key-that-is-long-enough";
const yaml = (engine: string, providerUrl: string) => `
portal: { folder: nowhere } # what / is without one
gateway: { host: 127.0.0.1, port: 0, http1_engine: ${engine}, http2_engine: ${engine} }
cors: { origins: ["${origin}"], credentials: true }
auth: { keys: [{ name: app, key: ${key} }] }
rate_limiting: { requests_per_minute: 1000, burst: 1000, tokens_per_minute: 1000000, budget: { usd: 0.000001, on_exceeded: warn }, routes: [{ match: /v1/query, requests_per_minute: 1, burst: 1 }, { match: /v1/messages, requests_per_minute: 1, burst: 1 }] }
load_balancer: { retry_attempts: 0 }
providers:
  here: { dialect: openai, base_url: "${providerUrl}", api_key: upstream, default_model: double, prices: { double: { input: 1, output: 1 } } }
  gone: { dialect: openai, base_url: "http://127.0.0.1:1", api_key: upstream, default_model: double }
`;

interface Sent {
  readonly name: string;
  readonly method?: string;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly status: number;
}

/** Messages of RPC protocols: JSON for Connect, an envelope for the others. */
const message = toBinary(ChatRequestSchema, create(ChatRequestSchema, { message: "hello" }));
const enveloped = Buffer.concat([Buffer.from([0, 0, 0, 0, message.length]), message]);
const json = { "content-type": "application/json" };
const chat = "/polygate.v1.ChatService/Chat";
const streamed = "/polygate.v1.ChatService/StreamChat";
const long = JSON.stringify({ message: `echo ${"word ".repeat(500)}` });
const all = { "accept-encoding": "gzip, br, zstd" };

const vendorChat = (model: string, more: object = {}) =>
  JSON.stringify({ model, messages: [{ role: "user", content: "hi" }], ...more });

/** An image of zeros, whose bytes follow, and whose scores come as bytes. */
const inferenceHead = Buffer.from(
  JSON.stringify({
    inputs: [
      {
        name: "image",
        datatype: "FP32",
        shape: [1, 1, 28, 28],
        parameters: { binary_data_size: 4 * 784 },
      },
    ],
    parameters: { binary_data_output: true },
  }),
);

const providerFails = "OpenAI, provider failed";

const requests: readonly Sent[] = [
  { name: "home", path: "/", status: 200 },
  { name: "home for browsers", path: "/", headers: { accept: "text/html" }, status: 200 },
  { name: "liveness", path: "/livez", status: 200 },
  { name: "document, compressed", path: "/openapi.json", headers: all, status: 200 },
  {
    name: "document, known",
    path: "/openapi.json",
    headers: { "if-none-match": "*" },
    status: 304,
  },
  { name: "documentation", path: "/docs", status: 200 },
  { name: "redirection", path: "/status", status: 307 },
  { name: "methods of a page", method: "OPTIONS", path: "/docs", status: 204 },
  { name: "wrong method of a page", method: "DELETE", path: "/docs", status: 405 },
  { name: "metrics", path: "/metrics", headers: all, status: 200 },
  { name: "no path", path: "/nope", status: 404 },
  { name: "methods of the server", method: "OPTIONS", path: "*", status: 204 },
  {
    name: "REST",
    method: "POST",
    path: "/api/v1/chat",
    headers: { ...json, ...all },
    body: long,
    status: 200,
  },
  { name: "REST, head", method: "HEAD", path: "/models", status: 200 },
  {
    name: "REST, bad",
    method: "POST",
    path: "/api/v1/chat",
    headers: json,
    body: "{}",
    status: 400,
  },
  { name: "REST, no key", path: "/models", headers: { authorization: "" }, status: 401 },
  { name: "REST, wrong method", method: "DELETE", path: "/api/v1/chat", status: 405 },
  { name: "REST, not acceptable", path: "/models", headers: { accept: "image/png" }, status: 406 },
  {
    name: "REST, within the limit",
    method: "POST",
    path: "/v1/query",
    headers: json,
    body: '{"query":"x"}',
    status: 200,
  },
  {
    name: "REST, over the limit",
    method: "POST",
    path: "/v1/query",
    headers: json,
    body: '{"query":"x"}',
    status: 429,
  },
  {
    name: "events",
    method: "POST",
    path: "/api/v1/chat:stream",
    headers: json,
    body: long,
    status: 200,
  },
  {
    name: "JSON lines",
    method: "POST",
    path: "/api/v1/chat:stream",
    headers: { ...json, accept: "application/x-ndjson" },
    body: long,
    status: 200,
  },
  {
    name: "Connect",
    method: "POST",
    path: chat,
    headers: { ...json, ...all },
    body: long,
    status: 200,
  },
  { name: "Connect, bad", method: "POST", path: chat, headers: json, body: "{}", status: 400 },
  {
    name: "Connect stream",
    method: "POST",
    path: streamed,
    headers: { "content-type": "application/connect+proto", "connect-accept-encoding": "gzip" },
    body: enveloped,
    status: 200,
  },
  {
    name: "gRPC-Web",
    method: "POST",
    path: chat,
    headers: { "content-type": "application/grpc-web+proto", "grpc-accept-encoding": "gzip" },
    body: enveloped,
    status: 200,
  },
  {
    name: "gRPC-Web, bad",
    method: "POST",
    path: chat,
    headers: { "content-type": "application/grpc-web+proto" },
    body: Buffer.alloc(5),
    status: 200,
  },
  {
    name: "gRPC",
    method: "POST",
    path: chat,
    headers: { "content-type": "application/grpc", te: "trailers" },
    body: enveloped,
    status: 200,
  },
  {
    name: "gRPC, bad",
    method: "POST",
    path: chat,
    headers: { "content-type": "application/grpc", te: "trailers" },
    body: Buffer.alloc(5),
    status: 200,
  },
  {
    name: "gRPC, no method",
    method: "POST",
    path: "/no.Service/None",
    headers: { "content-type": "application/grpc" },
    body: enveloped,
    status: 200,
  },
  { name: "Open Inference, a model", path: "/v2/models/digits", status: 200 },
  {
    name: "Open Inference, bytes behind the JSON",
    method: "POST",
    path: "/v2/models/digits/infer",
    headers: { "inference-header-content-length": String(inferenceHead.length) },
    body: Buffer.concat([inferenceHead, new Uint8Array(4 * 784)]),
    status: 200,
  },
  {
    name: "Open Inference, bad",
    method: "POST",
    path: "/v2/models/digits/infer",
    body: "{}",
    status: 400,
  },
  { name: "Open Inference, wrong method", path: "/v2/models/digits/infer", status: 405 },
  { name: "TensorFlow Serving, a model", path: "/v1/models/digits/metadata", status: 200 },
  {
    name: "TensorFlow Serving, bad",
    method: "POST",
    path: "/v1/models/digits:predict",
    body: "{}",
    status: 400,
  },
  { name: "RPC, wrong method", path: chat, status: 405 },
  {
    name: "RPC, wrong type",
    method: "POST",
    path: chat,
    headers: { "content-type": "text/html" },
    body: "x",
    status: 415,
  },
  {
    name: "OpenAI, a field that nobody knows",
    method: "POST",
    path: "/v1/responses",
    headers: json,
    body: JSON.stringify({ model: "here/double", input: "Hi", fancy: 1 }),
    status: 200,
  },
  {
    name: "OpenAI stream",
    method: "POST",
    path: "/v1/chat/completions",
    headers: { ...json, "x-polygate-cache": "use" },
    body: vendorChat("here/double", { stream: true }),
    status: 200,
  },
  {
    name: "OpenAI, relayed",
    method: "POST",
    path: "/v1/audio/speech",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model: "here/tts", input: "x" }),
    status: 200,
  },
  {
    name: "OpenAI, provider gone",
    method: "POST",
    path: "/v1/chat/completions",
    headers: json,
    body: vendorChat("gone/double"),
    status: 503,
  },
  {
    name: providerFails,
    method: "POST",
    path: "/v1/chat/completions",
    headers: json,
    body: vendorChat("here/double"),
    status: 502,
  },
  { name: "OpenAI, models", path: "/v1/models", status: 200 },
  {
    name: "Anthropic, within the limit",
    method: "POST",
    path: "/v1/messages",
    headers: json,
    body: vendorChat("here/double", { max_tokens: 5 }),
    status: 200,
  },
  {
    name: "Anthropic, over the limit",
    method: "POST",
    path: "/v1/messages",
    headers: json,
    body: vendorChat("here/double", { max_tokens: 5 }),
    status: 429,
  },
  {
    name: "preflight",
    method: "OPTIONS",
    path: chat,
    headers: { "access-control-request-method": "POST" },
    status: 204,
  },
];

const limited = ["/v1/query", "/v1/messages"];

interface Received {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly trailers: Readonly<Record<string, string>>;
}

const lowered = (headers: object) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));

const headersOf = ({ headers = {} }: Sent) => ({
  origin,
  authorization: `Bearer ${key}`,
  ...headers,
});

async function overHttp1(url: string, sent: Sent): Promise<Received> {
  const { method = "GET", path } = sent;
  const { host, port } = { host: new URL(url).hostname, port: new URL(url).port };
  const request = httpRequest({ host, port, method, path, headers: headersOf(sent) });
  request.end(sent.body);
  const [response] = await once(request, "response");
  for await (const _ of response);
  return {
    status: response.statusCode,
    headers: lowered(response.headers),
    trailers: lowered(response.trailers),
  };
}

async function overHttp2(url: string, sent: Sent): Promise<Received> {
  const { method = "GET", path } = sent;
  const session = connectHttp2(url);
  const stream = session.request({ ":method": method, ":path": path, ...headersOf(sent) });
  let trailers = {};
  stream.on("trailers", (received) => {
    trailers = lowered(received);
  });
  stream.end(sent.body);
  const [{ ":status": status, ...headers }] = await once(stream, "response");
  for await (const _ of stream);
  session.close();
  return { status, headers: lowered(headers), trailers };
}

describe.each(["polygate", "node"])("with the engines of %s", (engine) => {
  let gateway: RunningGateway;
  let provider: ProviderDouble;
  beforeAll(async () => {
    provider = await startProvider("openai-chat");
    gateway = await startTestGateway({ yaml: yaml(engine, provider.url) });
    return async () => {
      await gateway[Symbol.asyncDispose]();
      await provider[Symbol.asyncDispose]();
    };
  }, 30_000);

  describe.each([
    { wire: "HTTP/1.1", send: overHttp1 },
    { wire: "HTTP/2", send: overHttp2 },
  ])("over $wire", ({ wire, send }) => {
    test.each(requests)("$name", async (sent) => {
      // The bucket of a limited route is the same for both.
      const isLimited = limited.includes(sent.path) && wire === "HTTP/2";
      if (sent.name === providerFails) provider.faults.push({ kind: "status", status: 500 });
      const { status, headers, trailers } = await send(gateway.url, sent);
      expect(status).toBe(isLimited ? 429 : sent.status);
      const names = [...Object.keys(headers), ...Object.keys(trailers)];
      expect(names.filter((name) => responseHeaders[name] === undefined)).toEqual([]);
      if (sent.name === "preflight") return;
      const exposed = headers["access-control-expose-headers"]?.split(", ") ?? [];
      const hidden = names.filter(
        (name) => responseHeaders[name] === "exposed" && !exposed.includes(name),
      );
      expect(hidden).toEqual([]);
      for (const name of names) seen.add(name);
    });
  });
});

const seen = new Set<string>();

afterAll(() => {
  // What only services of others send: bodies with ranges.
  const ofOthers = ["accept-ranges", "content-range"];
  const unseen = exposedHeaders.filter((name) => !seen.has(name) && !ofOthers.includes(name));
  expect(unseen, "rows of the table that no response has").toEqual([]);
});
