/** JSON is read alike on every surface: what is exact, what is refused, and how much is read. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type DescMethodBiDiStreaming,
  type DescMethodUnary,
  fromJson,
  type Message,
} from "@bufbuild/protobuf";
import { createContextValues } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { HttpRuleSchema } from "#gen/google/api/http_pb.js";
import { createRest } from "#rest/rest.ts";
import { transcode } from "#rest/transcode.ts";
import { createCallPath } from "#rpc/call.ts";
import { createRpc } from "#rpc/rpc.ts";
import { MemoryExchange } from "../../support/memory-exchange.ts";
import { envelopesOf, framed, rawCaller, statusOf } from "../../support/rpc-caller.ts";
import { testProtos, testService } from "../../support/test-protos.ts";

const files = testProtos();
const vectors = testService(files, "vectors.VectorService");
const streams = testService(files, "vectors.StreamService");

const method = vectors.methods.find(
  ({ name }) => name === "BindParameterValues",
) as DescMethodUnary;
const calls = createCallPath((router) => {
  router.rpc(method, (input) => input as never);
}, []);

/** What a surface gave back for a message. */
interface Outcome {
  /** The echo, with the names of the proto file or in lowerCamelCase; undefined for a refusal. */
  readonly value?: Record<string, unknown>;
  readonly error?: string;
  readonly code?: string;
}

const rest = createRest(calls, {
  bodyBytesMax: 1 << 22,
  clock: systemClock,
  json: { emitDefaults: false, names: "json" },
  rules: [
    fromJson(HttpRuleSchema, {
      selector: "vectors.VectorService.BindParameterValues",
      post: "/v1/echo",
      body: "*",
      additionalBindings: [{ post: "/v1/nested", body: "nested" }],
    }),
  ],
});

async function overRest(target: string, text: string): Promise<Outcome> {
  const exchange = new MemoryExchange({
    method: "POST",
    target,
    headers: { "content-type": "application/json" },
    chunks: [Buffer.from(text)],
  });
  const match = rest.match("POST", target);
  if (match === undefined) throw new Error(target);
  await rest.serve(exchange, match, { requestId: "x", values: createContextValues() });
  const json = JSON.parse(exchange.text);
  if (exchange.status === 200) return { value: target.endsWith("nested") ? json.nested : json };
  const words: Record<number, string> = { 400: "invalid", 413: "large" };
  return { error: json.error.message, code: words[exchange.status] ?? "other" };
}

const rpc = createRpc(calls, { readBytesMax: 1 << 22 });

async function overRpc(type: string, text: string, server = rpc): Promise<Outcome> {
  const exchange = new MemoryExchange({
    method: "POST",
    target: "/vectors.VectorService/BindParameterValues",
    httpVersion: "2",
    headers: { "content-type": type },
    chunks: [framed(type, Buffer.from(text))],
  });
  const procedure = server.procedureOf(exchange.target);
  if (procedure === undefined) throw new Error("no method");
  const over = Promise.withResolvers<void>();
  exchange.onOver(over.resolve);
  server.serve(exchange, procedure, createContextValues());
  await over.promise;
  const status = statusOf(type, exchange);
  if (status === "ok") return { value: JSON.parse(exchange.text) };
  if (status === "0") {
    return { value: JSON.parse(envelopesOf(exchange.bytes)[0]?.payload.toString() ?? "") };
  }
  const fields = [...exchange.answerHeaders, ...exchange.answerTrailers];
  const told = fields.find(([name]) => name === "grpc-message")?.[1];
  const error = told === undefined ? exchange.text : decodeURIComponent(told);
  if (status === "8" || status === "resource_exhausted") return { error, code: "large" };
  return { error, code: status === "3" || status === "invalid_argument" ? "invalid" : "malformed" };
}

const surfaces = [
  ["REST", (text: string) => overRest("/v1/echo", text)],
  ["REST, a field as the body", (text: string) => overRest("/v1/nested", text)],
  ["Connect", (text: string) => overRpc("application/json", text)],
  ["gRPC", (text: string) => overRpc("application/grpc+json", text)],
  ["gRPC-Web", (text: string) => overRpc("application/grpc-web+json", text)],
] as const;

describe.each(surfaces)("over %s", (_name, ask) => {
  test.each([
    ['{"int64_value":9007199254740993}', { int64Value: "9007199254740993" }],
    ['{"int64Value":9223372036854775807}', { int64Value: "9223372036854775807" }],
    ['{"uint64_value":18446744073709551615}', { uint64Value: "18446744073709551615" }],
    ['{"int64_value_wrapper":9007199254740993}', { int64ValueWrapper: "9007199254740993" }],
    ['{"labels":{"a":9007199254740993}}', { labels: { a: "9007199254740993" } }],
  ])("%s is exact", async (text, value) => {
    expect(await ask(text)).toEqual({ value });
  });

  test.each([
    ['{"int64_value":9223372036854775808}', "int64_value"],
    ['{"timestamp":"2023-02-31T00:00:00Z"}', "timestamp"],
    ['{"enum_value":1.5}', "enum_value"],
    ['{"nested_map":{"k":{"bool_value":1}}}', "nested_map[k].bool_value"],
  ])("%s is refused, and its field named", async (text, field) => {
    const { error } = await ask(text);
    expect(error).toContain(`${field}: expected `);
  });

  const lists = (levels: number) => `{"value":${"[".repeat(levels)}${"]".repeat(levels)}}`;
  const items = (count: number) => `{"value":[${Array(count).fill("1").join()}]}`;

  test("a message is 100 levels deep and has 100,000 elements at most", async () => {
    expect(await ask(lists(98))).toHaveProperty("value");
    expect(await ask(items(99_000))).toHaveProperty("value");
    expect(await ask(lists(101))).toEqual({
      error: expect.stringContaining("nested deeper than 100 levels"),
      code: "invalid",
    });
    expect(await ask(items(100_001))).toEqual({
      error: expect.stringContaining("more than 100000 elements"),
      code: "large",
    });
  });

  test("a name is given once, and nothing follows", async () => {
    expect((await ask('{"bool_value":true,"bool_value":true}')).error).toContain(
      "bool_value: given more than once",
    );
    expect((await ask("{} {}")).error).toContain("expected the text to end");
  });
});

test.each([
  ["application/json", "invalid"],
  ["application/grpc+json", "invalid"],
  ["application/grpc-web+json", "invalid"],
])("a field's own rule refuses as validation does over %s", async (type, code) => {
  const limited = createRpc(calls, {
    readBytesMax: 1 << 20,
    decoding: {
      limitsOf: ({ name }) =>
        name === "string_list"
          ? { items: { max: 2, expected: "must contain no more than 2" } }
          : {},
    },
  });
  const text = JSON.stringify({ nested: { string_list: ["a", "b", "c"] } });
  expect(await overRpc(type, text, limited)).toEqual({
    error: expect.stringContaining("nested.string_list: must contain no more than 2"),
    code,
  });
});

test("the message of a Connect GET is read alike", async () => {
  const call = rawCaller({ decoding: { elementsMax: 5 } });
  const get = async (message: string) => {
    const query = `connect=v1&encoding=json&message=${encodeURIComponent(message)}`;
    const exchange = await call({
      call: "IdempotentUnary",
      type: "",
      method: "GET",
      target: `/connectrpc.conformance.v1.ConformanceService/IdempotentUnary?${query}`,
    });
    return [exchange.status, exchange.status === 200 ? "" : JSON.parse(exchange.text).message];
  };
  expect(await get("{}")).toEqual([200, ""]);
  expect(await get('{"x":[1,2,3,4]}')).toEqual([200, ""]);
  expect(await get('{"x":[1,2,3,4,5]}')).toEqual([
    429,
    expect.stringContaining("more than 5 elements"),
  ]);
  const deep = `{"x":${"[".repeat(101)}${"]".repeat(101)}}`;
  expect((await get(deep))[0]).toBe(429);
});

test("texts of a WebSocket are read alike", async () => {
  const echo = streams.methods.find(({ name }) => name === "Echo") as DescMethodBiDiStreaming;
  const { request, upgrade } = transcode(
    (router) => {
      router.rpc(echo, async function* (inputs: AsyncIterable<Message>) {
        yield* inputs;
      } as never);
    },
    { json: { emitDefaults: false, ignoreUnknownFields: true }, elementsMax: 50 },
  );
  const server = createServer(request).on("upgrade", upgrade);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const last = async (text: string) => {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/echo/7`);
    await once(socket, "open");
    socket.send(text);
    const [{ data }] = await once(socket, "message");
    socket.close();
    return JSON.parse(data);
  };
  expect(await last('{"text":"a"}')).toEqual({ text: "a", number: 7 });
  expect((await last(`{"x":[${Array(60).fill("1").join()}]}`)).error).toMatchObject({
    code: "BODY_TOO_LARGE",
    message: expect.stringContaining("more than 50 elements"),
  });
  expect((await last('{"text":5}')).error.message).toBe("text: expected text");
  server.close();
  server.closeAllConnections();
});
