/** A key that is held to some models and routes is so on every surface, by whatever name a model is called, in the words of each. */

import { Code, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const keys = {
  all: "a-key-for-everything-that-is-long-enough",
  double: "a-key-for-one-model-that-is-long-enough",
  route: "a-key-for-one-route-that-is-long-enough",
  files: "a-key-for-one-provider-that-is-long-enough",
  digits: "a-key-for-predictions-that-is-long-enough",
  paths: "a-key-for-some-paths-that-is-long-enough",
};

let one: ProviderDouble;
let two: ProviderDouble;
let gateway: RunningGateway;
beforeAll(async () => {
  one = await startProvider("openai-chat");
  two = await startProvider("openai-chat");
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  keys:
    - { name: all, key: ${keys.all}, scopes: [admin] }
    - { name: double, key: ${keys.double}, models: [one/double] }
    - { name: route, key: ${keys.route}, models: [fast] }
    - { name: files, key: ${keys.files}, models: ["one/*"] }
    - { name: digits, key: ${keys.digits}, models: [digits] }
    - { name: paths, key: ${keys.paths}, routes: [/v1/chat/completions, polygate.v1.ModelsService/] }
load_balancer: { retry_attempts: 0 }
providers:
  one: { dialect: openai, base_url: "${one.url}", api_key: upstream, default_model: double, prices: { double: { input: 1, output: 1 } } }
  two: { dialect: openai, base_url: "${two.url}", api_key: upstream, default_model: double, prices: { double: { input: 1, output: 1 } } }
routes: { fast: two/double }
relay: { provider: one }
`,
  });
}, 30_000);
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await one[Symbol.asyncDispose]();
  await two[Symbol.asyncDispose]();
});

// biome-ignore lint/suspicious/noExplicitAny: what is told is what is looked at.
type Told = any;

async function ask(path: string, key: string, body?: unknown, headers = {}) {
  const response = await fetch(gateway.url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as Told };
}

const chat = (model: string | undefined, key: string) =>
  ask("/v1/chat/completions", key, {
    ...(model === undefined ? {} : { model }),
    messages: [{ role: "user", content: "hello" }],
  });

describe("a model by every name", () => {
  test.each([
    ["double", "one/double", 200],
    // The provider's name stands for its default model.
    ["double", "one", 200],
    ["double", "two", 403],
    ["double", "two/double", 403],
    ["double", "fast", 403],
    ["double", "default", 403],
    ["double", "one/other", 403],
    // There is none of this name: the key is told nothing of that.
    ["double", "nothing", 403],
    ["all", "nothing", 404],
    ["route", "fast", 200],
    ["route", "two/double", 403],
    ["route", "double", 403],
    ["digits", "one/double", 403],
  ] as const)("the key %s calls %s: %d", async (key, model, status) => {
    expect((await chat(model, keys[key])).status).toBe(status);
  });

  test("of several providers that have a model, those are asked that the key may call", async () => {
    const before = two.received.length;
    for (let call = 0; call < 6; call += 1) {
      expect((await chat("double", keys.double)).status).toBe(200);
    }
    expect(two.received.length).toBe(before);
  });
});

test("a request in its client's own words names no further models", async () => {
  const more = { model: "one/double", models: ["two/double"] };
  const messages = [{ role: "user", content: 'say "models": []' }];
  const denied = { status: 403, body: { error: { param: "models" } } };
  expect(await ask("/v1/chat/completions", keys.double, { ...more, messages })).toMatchObject(
    denied,
  );
  expect(await ask("/v1/completions", keys.double, { ...more, prompt: "x" })).toMatchObject(denied);
  const plain = { model: "one/double", messages };
  expect((await ask("/v1/chat/completions", keys.double, plain)).status).toBe(200);
  expect((await ask("/v1/chat/completions", keys.all, { ...more, messages })).status).toBe(200);
});

const texts = [{ role: "user", content: "hello" }];
const contents = [{ parts: [{ text: "hello" }] }];
const tensor = [{ name: "image", datatype: "FP32", shape: [1], data: [1] }];

describe("on every surface, in its own words", () => {
  const openAi = { error: { code: "model_not_found", message: expect.any(String) } };
  const own = { error: { code: "MODEL_NOT_ALLOWED", message: expect.any(String) } };
  const anthropic = { type: "error", error: { type: "permission_error" } };
  const gemini = { error: { code: 403, status: "PERMISSION_DENIED" } };
  const plain = { error: expect.stringContaining("may not call") };
  test.each([
    ["/v1/chat/completions", { model: "two/double", messages: texts }, openAi],
    ["/v1/responses", { model: "two/double", input: "hello" }, openAi],
    ["/v1/embeddings", { model: "two/double", input: "hello" }, openAi],
    ["/v1/completions", { model: "two/double", prompt: "hello" }, openAi],
    ["/v1/moderations", { model: "two/double", input: "hello" }, openAi],
    ["/v1/messages", { model: "two/double", max_tokens: 9, messages: texts }, anthropic],
    ["/v1/messages/count_tokens", { model: "two/double", messages: texts }, anthropic],
    ["/v1beta/models/two%2Fdouble:generateContent", { contents }, gemini],
    ["/v1beta/models/two%2Fdouble:streamGenerateContent?alt=sse", { contents }, gemini],
    ["/v1beta/models/two%2Fdouble:embedContent", { content: contents[0] }, gemini],
    ["/api/v1/chat", { model_preference: "two/double", message: "hello" }, own],
    ["/v1/chat", { model_preference: "two/double", message: "hello" }, own],
    ["/api/v1/embeddings", { model: "two/double", inputs: [{ text: "hello" }] }, own],
    ["/api/v1/models/digits:predict", { file: "aGVsbG8=" }, own],
    ["/api/load-balancing/select", { model: "two/double" }, own],
    ["/v2/models/digits/infer", { inputs: tensor }, plain],
    ["/v1/models/digits:predict", { instances: [1] }, plain],
    ["/v2/models/digits", undefined, plain],
    ["/v2/models/digits/config", undefined, plain],
    ["/v2/models/digits/stats", undefined, plain],
    ["/v1/models/digits/metadata", undefined, plain],
    ["/api/v1/models/digits", undefined, own],
  ])("%s", async (path, body, told) => {
    const headers = path.startsWith("/v1/messages") ? { "anthropic-version": "2023-06-01" } : {};
    const asked = [one, two].map(({ received }) => received.length);
    const reply = await ask(path, keys.double, body, headers);
    expect([reply.status, reply.body]).toEqual([403, expect.objectContaining({})]);
    expect(reply.body).toMatchObject(told);
    // Nobody was asked.
    expect([one, two].map(({ received }) => received.length)).toEqual(asked);
  });

  test("gRPC", async () => {
    const headers = { authorization: `Bearer ${keys.double}` };
    const denied = { code: Code.PermissionDenied };
    const chats = createClient(ChatService, grpcTo(gateway.url));
    const request = { modelPreference: "two/double", message: "hello" };
    await expect(chats.chat(request, { headers })).rejects.toMatchObject(denied);
    const models = createClient(GRPCInferenceService, grpcTo(gateway.url));
    const named = { name: "digits" };
    await expect(models.modelMetadata(named, { headers })).rejects.toMatchObject(denied);
    const infer = { modelName: "digits" };
    await expect(models.modelInfer(infer, { headers })).rejects.toMatchObject(denied);
  });
});

test("what names no model is for a key that may call all of its provider", async () => {
  // The files of a batch name models of their own.
  expect((await ask("/v1/files", keys.double)).status).toBe(403);
  expect((await ask("/v1/files", keys.files)).status).toBe(200);
  expect((await ask("/v1/files", keys.all)).status).toBe(200);
});

describe("lists show what the key may call", () => {
  const ids = (list: { id: string }[]) => new Set(list.map(({ id }) => id));
  test("OpenAI's, Anthropic's and Gemini's", async () => {
    const openAi = await ask("/v1/models", keys.route);
    expect(ids(openAi.body.data)).toEqual(new Set(["fast"]));
    const version = { "anthropic-version": "2023-06-01" };
    const anthropic = await ask("/v1/models", keys.route, undefined, version);
    expect(ids(anthropic.body.data)).toEqual(new Set(["fast"]));
    const gemini = await fetch(`${gateway.url}/v1beta/models`, {
      headers: { "x-goog-api-key": keys.route },
    });
    expect(await gemini.json()).toEqual({
      models: [expect.objectContaining({ name: "models/fast" })],
    });
    expect(ids((await ask("/v1/models", keys.all)).body.data)).toContain("digits");
  });

  test("the gateway's own, and those of model servers", async () => {
    const headers = { authorization: `Bearer ${keys.digits}` };
    const { models } = await createClient(ModelsService, grpcTo(gateway.url)).listModels(
      {},
      { headers },
    );
    expect(ids(models)).toEqual(new Set(["digits"]));
    const { body: seeds } = await ask("/models", keys.route);
    expect([seeds.onnx.models ?? {}, seeds.polyagent.models]).toEqual([{}, ["fast"]]);
    const { body: index } = await ask("/v2/repository/index", keys.digits, {});
    expect(index.map(({ name }: { name: string }) => name)).toEqual(["digits"]);
    const { body: none } = await ask("/v2/repository/index", keys.route, {});
    expect(none).toEqual([]);
  });
});

test("a key that is held to routes calls these alone; probes are everybody's", async () => {
  expect((await chat("one/double", keys.paths)).status).toBe(200);
  expect((await ask("/api/v1/models", keys.paths)).status).toBe(200);
  expect((await ask("/v1/models", keys.paths)).status).toBe(200);
  expect(await ask("/api/v1/chat", keys.paths, { message: "hello" })).toMatchObject({
    status: 403,
    body: { error: { code: "ROUTE_NOT_ALLOWED" } },
  });
  expect((await ask("/v1/messages", keys.paths, { model: "one/double" })).status).toBe(403);
  const chats = createClient(ChatService, grpcTo(gateway.url));
  const headers = { authorization: `Bearer ${keys.paths}` };
  await expect(chats.chat({ message: "hello" }, { headers })).rejects.toMatchObject({
    code: Code.PermissionDenied,
  });
  expect((await ask("/api/v1/health", keys.paths)).status).toBe(200);
});
