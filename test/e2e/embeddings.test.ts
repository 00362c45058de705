/** The vendors' own SDKs ask for vectors and counts of tokens in front of providers of each other's dialects. */

import Anthropic from "@anthropic-ai/sdk";
import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { doubleTokens, doubleVector, otherThanChat } from "../support/embedding-double.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startProviders } from "../support/provider-double.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
/** Those that make vectors. */
const makers = ["openai-chat", "openai-responses", "gemini", "ollama"] as const;
/** Those that count exactly. */
const counters = ["openai-responses", "anthropic", "gemini"] as const;

const key = "a-key-that-is-long-enough";
let gateway: RunningGateway;
let providers: Awaited<ReturnType<typeof startProviders<DialectName>>>;

beforeAll(async () => {
  providers = await startProviders(dialects);
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: sdk, key: ${key} }] }
load_balancer: { retry_attempts: 2 }
providers:
${dialects
  .map((dialect) => {
    const name = dialect === "openai-chat" ? "openai" : dialect;
    const price = "{ input: 1000, output: 0 }";
    return `  ${dialect}: { dialect: ${name}, base_url: "${providers[dialect].url}", api_key: upstream-key, prices: { e: ${price} } }`;
  })
  .join("\n")}
  exact: { preset: openai, base_url: "${providers["openai-chat"].url}", api_key: upstream-key }
routes:
  any: { round_robin: [{ provider: anthropic, model: e }, { provider: gemini, model: e }] }
  careful: { fallback: [anthropic/e, ollama/failing, openai-chat/e] }
  shared: { split: [{ weight: 1000, to: anthropic/e }, { weight: 1, to: ollama/e }] }
`;
  gateway = await startTestGateway({ yaml });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await providers[Symbol.asyncDispose]();
});

afterEach(() => {
  for (const dialect of dialects) {
    expect(providers[dialect].open()).toBe(0);
    providers[dialect].other = otherThanChat;
    providers[dialect].faults.length = 0;
    providers[dialect].illness = undefined;
  }
});

const openai = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
const google = (apiVersion = "v1beta") =>
  new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: gateway.url, apiVersion } });

function post(path: string, body: unknown): Promise<Response> {
  return fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", "x-goog-api-key": key },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

const last = (dialect: DialectName) => providers[dialect].received.at(-1);

describe("vectors for OpenAI's SDK", () => {
  test.each(makers)("in front of %s: one text, several texts, both encodings", async (dialect) => {
    const model = `${dialect}/e`;
    const one = await openai().embeddings.create({ model, input: "abc" });
    expect(one.data.map(({ embedding }) => [...embedding])).toEqual([doubleVector("abc")]);
    expect(one.usage).toEqual({ prompt_tokens: doubleTokens, total_tokens: doubleTokens });
    const input = ["a", "abc", "ab"];
    for (const encoding_format of ["float", "base64", undefined] as const) {
      const several = await openai().embeddings.create({
        model,
        input,
        ...(encoding_format === undefined ? {} : { encoding_format }),
      });
      const vectors = several.data.map(({ embedding }) => embedding as number[] | string);
      const floats = vectors.map((vector) =>
        typeof vector === "string"
          ? [...new Float32Array(new Uint8Array(Buffer.from(vector, "base64")).buffer)]
          : [...vector],
      );
      expect(floats).toEqual(input.map((text) => doubleVector(text)));
      expect(several.data.map(({ index }) => index)).toEqual([0, 1, 2]);
      expect(vectors.every((vector) => typeof vector === "string")).toBe(
        encoding_format === "base64",
      );
    }
    expect(last(dialect)?.body.model ?? last(dialect)?.path).toContain("e");
  });

  test.each(makers)("in front of %s: the length that was asked for", async (dialect) => {
    const { data } = await openai().embeddings.create({
      model: `${dialect}/e`,
      input: "abc",
      dimensions: 3,
    });
    expect(data[0]?.embedding).toHaveLength(3);
  });

  test.each(makers)(
    "in front of %s: a provider that ignores the wanted length is an error that names it",
    async (dialect) => {
      providers[dialect].other = (name, path, body) => {
        const { dimensions: _, requests, ...rest } = body;
        const bare = (requests as { content: unknown }[] | undefined)?.map(({ content }) => ({
          content,
        }));
        return otherThanChat(name, path, bare === undefined ? rest : { requests: bare });
      };
      const asked = { model: `${dialect}/e`, input: "abc", dimensions: 3 };
      await expect(openai().embeddings.create(asked)).rejects.toMatchObject({
        status: 400,
        param: "dimensions",
        code: "unsupported_parameter",
        message: expect.stringContaining("vectors of 4 numbers"),
      });
    },
  );

  test.each(["openai-chat", "openai-responses"] as const)(
    "in front of %s: tokens are passed on",
    async (dialect) => {
      const model = `${dialect}/e`;
      const one = await openai().embeddings.create({ model, input: [1, 2, 3] });
      expect(one.data.map(({ embedding }) => embedding[0])).toEqual([3]);
      const several = await openai().embeddings.create({ model, input: [[1], [2, 3]] });
      expect(several.data.map(({ embedding }) => embedding[0])).toEqual([1, 2]);
      expect(last(dialect)?.body.input).toEqual([[1], [2, 3]]);
    },
  );

  test.each(["gemini", "ollama"] as const)(
    "in front of %s: tokens are refused by their place, and the provider hears nothing",
    async (dialect) => {
      const before = providers[dialect].received.length;
      const asked = { model: `${dialect}/e`, input: [[1], [2]] };
      await expect(openai().embeddings.create(asked)).rejects.toMatchObject({
        status: 400,
        param: "input[0]",
        code: "unsupported_parameter",
      });
      expect(providers[dialect].received.length).toBe(before);
    },
  );

  test("as many tokens as OpenAI takes are passed on, more are refused", async () => {
    const lists = (tokens: number) => Array.from({ length: 1_000 }, () => Array(tokens).fill(1));
    const asked = { model: "openai-chat/e", input: lists(300) };
    expect((await openai().embeddings.create(asked)).data).toHaveLength(1_000);
    const more = openai().embeddings.create({ ...asked, input: lists(310) });
    await expect(more).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("more than 310000 elements"),
    });
  });

  test("a response of many vectors comes whole, and is sent while it is made", async () => {
    const input = Array.from({ length: 500 }, (_, index) => "x".repeat(index + 1));
    for (const model of ["exact/e", "openai-chat/e"]) {
      const { data } = await openai().embeddings.create({ model, input, dimensions: 1_536 });
      expect(data.map(({ embedding }) => embedding[0])).toEqual(input.map(({ length }) => length));
      expect(data.every(({ embedding }) => embedding.length === 1_536)).toBe(true);
    }
  });

  test("vectors of more than 32 MiB are given up while they are read: fewer inputs are asked for", async () => {
    const values = `[${Array(65_536).fill("0.123456789").join()}]`;
    providers.ollama.other = () => ({
      status: 200,
      body: { embeddings: Array(50).fill(JSON.parse(values)) },
    });
    const before = providers.ollama.abortedAtMs.length;
    const input = Array(50).fill("x");
    const asked = openai().embeddings.create({ model: "ollama/e", input });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      param: "input",
      message: expect.stringContaining("more than 33554432 bytes: send fewer"),
    });
    await expect
      .poll(() => providers.ollama.abortedAtMs.length, { timeout: 5_000 })
      .toBe(before + 1);
  });

  test("OpenAI itself is asked for base64, servers that are only compatible are not", async () => {
    await openai().embeddings.create({ model: "exact/e", input: "abc", user: "u1" });
    expect(last("openai-chat")?.body).toEqual({
      model: "e",
      input: ["abc"],
      encoding_format: "base64",
      user: "u1",
    });
    const vectors = await openai().embeddings.create({
      model: "openai-chat/e",
      input: "abc",
      encoding_format: "float",
    });
    expect(last("openai-chat")?.body).toEqual({ model: "e", input: ["abc"] });
    expect(vectors.data[0]?.embedding).toEqual(doubleVector("abc"));
  });

  test("floats that came as base64 are the decimals that people would write", async () => {
    providers["openai-chat"].other = () => {
      const embedding = Buffer.from(new Float32Array([0.1, -0.013168517]).buffer);
      const data = [{ index: 0, embedding: embedding.toString("base64") }];
      return { status: 200, body: { data } };
    };
    const response = await post("/v1/embeddings", { model: "exact/e", input: "x" });
    expect(await response.text()).toContain('"embedding":[0.1,-0.013168517]');
  });

  test.each<[name: string, body: unknown, param: string | null, message: string]>([
    ["no model", { input: "x" }, "model", "is required"],
    ["no input", { model: "gemini/e" }, "input", "is required"],
    ["an empty text", { model: "gemini/e", input: "" }, "input", "empty"],
    ["no texts", { model: "gemini/e", input: [] }, "input", "empty"],
    ["an empty text of several", { model: "gemini/e", input: ["x", ""] }, "input[1]", "empty"],
    ["an empty list of tokens", { model: "gemini/e", input: [[1], []] }, "input[1]", "empty"],
    ["another type", { model: "gemini/e", input: { text: "x" } }, "input", "expected text"],
    ["another type among texts", { model: "gemini/e", input: ["x", 1] }, "input[1]", "expected"],
    ["a token that is none", { model: "gemini/e", input: [[1, -1]] }, "input[0][1]", "integer"],
    [
      "too many inputs",
      { model: "gemini/e", input: Array(2049).fill("x") },
      "input",
      "at most 2048",
    ],
    [
      "more inputs than the provider takes",
      { model: "gemini/e", input: Array(101).fill("x") },
      "input",
      "at most 100",
    ],
    [
      "a text that is too long",
      { model: "gemini/e", input: ["x", "x".repeat(1_048_577)] },
      "input[1]",
      "1048576",
    ],
    [
      "another encoding",
      { model: "gemini/e", input: "x", encoding_format: "hex" },
      "encoding_format",
      "base64",
    ],
    ["no length", { model: "gemini/e", input: "x", dimensions: 0 }, "dimensions", "from 1 to"],
    ["a body that is none", "{", null, "JSON"],
  ])("%s is refused in OpenAI's shape", async (_name, body, param, message) => {
    const before = providers.gemini.received.length;
    const response = await post("/v1/embeddings", body);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: {
        message: expect.stringContaining(message),
        type: "invalid_request_error",
        param,
        code: param === null || message !== "at most 100" ? null : "unsupported_parameter",
      },
    });
    expect(providers.gemini.received.length).toBe(before);
  });

  test("a model that nobody has, and one of a provider without vectors, are 404 that say why", async () => {
    const unknown = openai().embeddings.create({ model: "no-such-model", input: "x" });
    await expect(unknown).rejects.toMatchObject({ status: 404, code: "model_not_found" });
    const before = providers.anthropic.received.length;
    const unable = openai().embeddings.create({ model: "anthropic/e", input: "x" });
    await expect(unable).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining('no backend of "anthropic/e" makes embeddings'),
    });
    expect(providers.anthropic.received.length).toBe(before);
  });

  test("a server of the dialect that does not know the path is 404 as well", async () => {
    providers["openai-chat"].other = () => ({ status: 404, body: { detail: "Not Found" } });
    const asked = openai().embeddings.create({ model: "openai-chat/e", input: "x" });
    await expect(asked).rejects.toMatchObject({
      status: 404,
      message: expect.stringContaining("makes no embeddings"),
    });
  });

  test.each(makers)("the failure of %s is an error of the client's own kind", async (dialect) => {
    providers[dialect].illness = { kind: "status", status: 503 };
    const asked = openai().embeddings.create({ model: `${dialect}/failing`, input: "x" });
    await expect(asked).rejects.toMatchObject({ status: 503 });
  });

  test.each(makers)(
    "a failure of %s that passes is nothing that a client sees",
    async (dialect) => {
      const { faults, received } = providers[dialect];
      faults.push({ kind: "status", status: 503 });
      const before = received.length;
      const asked = openai().embeddings.create({ model: `${dialect}/recovering`, input: "x" });
      const { data, response } = await asked.withResponse();
      expect(data.data).toHaveLength(1);
      expect(response.headers.get("x-polygate-attempts")).toBe("2");
      expect(received.length).toBe(before + 2);
    },
  );

  test.each<[name: string, dialect: DialectName, body: unknown]>([
    ["fewer vectors than inputs", "openai-chat", { data: [{ index: 0, embedding: [1] }] }],
    ["an index twice", "openai-chat", { data: [0, 0].map((index) => ({ index, embedding: [1] })) }],
    ["vectors of two lengths", "ollama", { embeddings: [[1], [1, 2]] }],
    ["a vector of words", "ollama", { embeddings: [["x"], ["y"]] }],
    ["an empty vector", "gemini", { embeddings: [{ values: [] }, { values: [1] }] }],
    [
      "base64 that is none",
      "openai-chat",
      { data: [0, 1].map((index) => ({ index, embedding: "?!" })) },
    ],
    ["no vectors at all", "gemini", { error: "no" }],
  ])("%s is no response: never an invented vector", async (_name, dialect, body) => {
    providers[dialect].other = () => ({ status: 200, body });
    const model = `${dialect}/malformed`;
    const asked = openai().embeddings.create({ model, input: ["x", "y"] });
    await expect(asked).rejects.toMatchObject({ status: 502 });
  });

  test("a wrong key is refused, and the provider hears nothing", async () => {
    const before = providers.gemini.received.length;
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "wrong", maxRetries: 0 });
    const asked = client.embeddings.create({ model: "gemini/e", input: "x" });
    await expect(asked).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
    expect(providers.gemini.received.length).toBe(before);
  });

  test("GET is refused with the method that is taken", async () => {
    const response = await fetch(`${gateway.url}/v1/embeddings`);
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("vectors for Google's SDK", () => {
  test.each(makers)("in front of %s: under both versions of the API", async (dialect) => {
    for (const version of ["v1", "v1beta"]) {
      const { embeddings } = await google(version).models.embedContent({
        model: `${dialect}/e`,
        contents: ["a", "abc"],
        config: { outputDimensionality: 3 },
      });
      expect(embeddings?.map(({ values }) => values)).toEqual([
        doubleVector("a", 3),
        doubleVector("abc", 3),
      ]);
    }
  });

  test.each(makers)("in front of %s: embedContent alone", async (dialect) => {
    for (const version of ["v1", "v1beta"]) {
      const model = encodeURIComponent(`${dialect}/e`);
      const response = await post(`/${version}/models/${model}:embedContent`, {
        content: { parts: [{ text: "abc" }] },
      });
      expect(await response.json()).toEqual({
        embedding: { values: doubleVector("abc") },
        usageMetadata: { promptTokenCount: doubleTokens, totalTokenCount: doubleTokens },
      });
    }
  });

  test("task and title reach Google; who has none is told that they were left out", async () => {
    const config = { taskType: "RETRIEVAL_DOCUMENT", title: "T", outputDimensionality: 3 };
    await google().models.embedContent({ model: "gemini/e", contents: "abc", config });
    expect(last("gemini")?.body).toEqual({
      requests: [{ model: "models/e", content: { parts: [{ text: "abc" }] }, ...config }],
    });
    const request = { content: { parts: [{ text: "abc" }] }, ...config, extra: 1 };
    const one = await post("/v1beta/models/ollama%2Fe:embedContent", request);
    expect(one.headers.get("x-polygate-dropped")).toBe("taskType,title,extra");
    const batch = await post("/v1beta/models/ollama%2Fe:batchEmbedContents", {
      requests: [request],
    });
    expect(batch.headers.get("x-polygate-dropped")).toBe(
      "requests[0].taskType,requests[0].title,requests[0].extra",
    );
  });

  const content = { parts: [{ text: "x" }] };
  test.each<[name: string, verb: string, body: unknown, message: string]>([
    ["no content", "embedContent", {}, "content: is required"],
    ["no parts", "embedContent", { content: { parts: [] } }, "content.parts: may not be empty"],
    [
      "an empty text",
      "embedContent",
      { content: { parts: [{ text: "" }] } },
      "content.parts[0].text: may not be empty",
    ],
    [
      "an image",
      "embedContent",
      { content: { parts: [{ inlineData: {} }] } },
      "content.parts[0].text: is required: only text",
    ],
    [
      "several texts for one vector",
      "embedContent",
      { content: { parts: [{ text: "x" }, { text: "y" }] } },
      "content.parts: expected one text",
    ],
    [
      "another model than the path's",
      "embedContent",
      { model: "models/other", content },
      "model: expected",
    ],
    ["a task that is none", "embedContent", { content, taskType: "a task" }, "taskType: expected"],
    [
      "no length",
      "embedContent",
      { content, outputDimensionality: 0 },
      "outputDimensionality: expected",
    ],
    ["no requests", "batchEmbedContents", { requests: [] }, "requests: needs at least one"],
    [
      "too many requests",
      "batchEmbedContents",
      { requests: Array(2049).fill({ content }) },
      "requests: expected at most 2048",
    ],
    [
      "more requests than the provider takes",
      "batchEmbedContents",
      { requests: Array(101).fill({ content }) },
      "requests: the provider takes at most 100",
    ],
    [
      "another type",
      "batchEmbedContents",
      { requests: [{ content: "x" }] },
      "requests[0].content: expected an object",
    ],
    [
      "a text that is too long",
      "batchEmbedContents",
      { requests: [{ content }, { content: { parts: [{ text: "x".repeat(1_048_577) }] } }] },
      "requests[1].content: ",
    ],
    [
      "two lengths",
      "batchEmbedContents",
      { requests: [{ content }, { content, outputDimensionality: 3 }] },
      "requests[1].outputDimensionality: must be the same",
    ],
  ])("%s is refused in Google's shape", async (_name, verb, body, message) => {
    const before = providers.gemini.received.length;
    const response = await post(`/v1beta/models/gemini%2Fe:${verb}`, body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { code: 400, status: "INVALID_ARGUMENT", message: expect.stringContaining(message) },
    });
    expect(providers.gemini.received.length).toBe(before);
  });

  test("a length that the target cannot make is refused by Google's name of it", async () => {
    providers.ollama.other = () => ({ status: 200, body: { embeddings: [[1, 2]] } });
    const asked = google().models.embedContent({
      model: "ollama/e",
      contents: "x",
      config: { outputDimensionality: 3 },
    });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining("requests[0].outputDimensionality: the model makes vectors"),
    });
  });

  test("a model that nobody has, and one of a provider without vectors, are NOT_FOUND", async () => {
    for (const [model, why] of [
      ["no-such-model", "there is no model"],
      ["anthropic/e", "makes embeddings"],
    ] as const) {
      const asked = google().models.embedContent({ model, contents: "x" });
      await expect(asked).rejects.toMatchObject({
        status: 404,
        message: expect.stringContaining(why),
      });
    }
  });
});

describe("vectors for gRPC, gRPC-Web, Connect and REST", () => {
  const transports = {
    gRPC: () => createGrpcTransport({ baseUrl: gateway.url }),
    "gRPC-Web": () => createGrpcWebTransport({ baseUrl: gateway.url, httpVersion: "2" }),
    Connect: () => createConnectTransport({ baseUrl: gateway.url, httpVersion: "2" }),
  };
  const headers = { authorization: `Bearer ${key}` };

  test.each(Object.entries(transports))("over %s, with price and route", async (_name, open) => {
    const client = createClient(EmbeddingsService, open());
    let header = new Headers();
    const response = await client.embed(
      {
        model: "gemini/e",
        inputs: [{ content: { case: "text", value: "abc" }, title: "T" }],
        task: "retrieval_document",
        dimensions: 2,
      },
      { headers, onHeader: (told) => (header = told) },
    );
    expect(response.embeddings.map(({ values }) => values)).toEqual([doubleVector("abc", 2)]);
    expect(response).toMatchObject({
      modelUsed: "e",
      usage: { promptTokens: doubleTokens, completionTokens: 0, totalTokens: doubleTokens },
      cost: 0.007,
    });
    expect(header.get("x-polygate-provider")).toBe("gemini");
    expect(header.get("x-polygate-model")).toBe("e");
  });

  test.each(Object.entries(transports))("over %s, errors name the field", async (_name, open) => {
    const client = createClient(EmbeddingsService, open());
    const tokens = { content: { case: "tokens" as const, value: { ids: [1] } } };
    await expect(
      client.embed({ model: "gemini/e", inputs: [tokens] }, { headers }),
    ).rejects.toMatchObject({ rawMessage: expect.stringMatching(/^inputs\[0\]: /) });
    await expect(client.embed({ model: "gemini/e" }, { headers })).rejects.toMatchObject({
      rawMessage: expect.stringContaining("inputs"),
    });
    const inputs = Array.from({ length: 2_049 }, () => ({
      content: { case: "text" as const, value: "x" },
    }));
    await expect(client.embed({ model: "gemini/e", inputs }, { headers })).rejects.toMatchObject({
      rawMessage: expect.stringMatching(/inputs.*2,?048/),
    });
  });

  test("over REST, in the proto's own names", async () => {
    const response = await fetch(`${gateway.url}/api/v1/embeddings`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ model: "ollama/e", inputs: [{ text: "abc" }] }),
    });
    expect(await response.json()).toMatchObject({
      embeddings: [{ values: doubleVector("abc") }],
      model_used: "double-embed",
      usage: { prompt_tokens: doubleTokens },
    });
    const refused = await fetch(`${gateway.url}/api/v1/embeddings`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ model: "anthropic/e", inputs: [{ text: "abc" }] }),
    });
    expect(refused.status).toBe(404);
    expect(await refused.json()).toMatchObject({ error: { code: "OPERATION_UNSUPPORTED" } });
  });

  test("tokens are counted over RPC and REST", async () => {
    const client = createClient(ChatService, transports.gRPC());
    const asked = { message: "Hi", modelPreference: "gemini/e" };
    expect((await client.countTokens(asked, { headers })).promptTokens).toBe(doubleTokens);
    const response = await fetch(`${gateway.url}/api/v1/chat:countTokens`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json" },
      body: JSON.stringify({ message: "Hi", model_preference: "anthropic/e" }),
    });
    expect(await response.json()).toMatchObject({ prompt_tokens: doubleTokens, model_used: "e" });
  });
});

describe("routes", () => {
  test("of several targets only those are asked that make vectors", async () => {
    const before = providers.anthropic.received.length;
    for (const model of ["any", "careful", "shared", "any"]) {
      const { data } = await openai().embeddings.create({ model, input: "abc" });
      expect(data[0]?.embedding).toHaveLength(4);
    }
    expect(providers.anthropic.received.length).toBe(before);
  });

  test("a fallback goes on when a target fails", async () => {
    providers.ollama.faults.push({ kind: "status", status: 503 });
    const before = providers["openai-chat"].received.length;
    await openai().embeddings.create({ model: "careful", input: "abc" });
    expect(providers["openai-chat"].received.length).toBe(before + 1);
  });
});

describe("counts of tokens for Anthropic's SDK", () => {
  const messages = [{ role: "user" as const, content: "Hi" }];

  test.each(counters)("%s is asked, and its number is told", async (dialect) => {
    const count = await anthropic().messages.countTokens({ model: `${dialect}/e`, messages });
    expect(count).toEqual({ input_tokens: doubleTokens });
  });

  test("Anthropic gets all that is counted, and nothing that it does not take", async () => {
    const tools = [{ name: "w", description: "d", input_schema: { type: "object" as const } }];
    await anthropic().messages.countTokens({
      model: "anthropic/e",
      system: "Be brief",
      messages: [...messages, { role: "assistant", content: "Yes?" }],
      tools,
      thinking: { type: "enabled", budget_tokens: 16_000 },
    });
    expect(last("anthropic")?.path).toBe("/v1/messages/count_tokens");
    expect(last("anthropic")?.body).toMatchObject({
      model: "e",
      messages: [{ role: "user" }, { role: "assistant" }],
      tools,
    });
    expect(new Set(Object.keys(last("anthropic")?.body ?? {}))).toEqual(
      new Set(["messages", "model", "system", "thinking", "tools"]),
    );
  });

  test.each(["openai-chat", "ollama"] as const)(
    "in front of %s, which counts nothing, it is 404 that says why: never a guess",
    async (dialect) => {
      const before = providers[dialect].received.length;
      const asked = anthropic().messages.countTokens({ model: `${dialect}/e`, messages });
      await expect(asked).rejects.toMatchObject({
        status: 404,
        error: {
          type: "error",
          error: { type: "not_found_error", message: expect.stringContaining("does not guess") },
        },
      });
      expect(providers[dialect].received.length).toBe(before);
    },
  );

  test("a server of the dialect that does not count is 404 as well", async () => {
    providers.anthropic.other = () => ({ status: 404, body: { detail: "Not Found" } });
    const asked = anthropic().messages.countTokens({ model: "anthropic/e", messages });
    await expect(asked).rejects.toMatchObject({ status: 404 });
  });

  test.each([[{}], [{ input_tokens: "7" }], [{ input_tokens: -1 }], [[]]])(
    "a response without a count, such as %j, is no count",
    async (body) => {
      providers.anthropic.other = () => ({ status: 200, body });
      const asked = anthropic().messages.countTokens({ model: "anthropic/malformed", messages });
      await expect(asked).rejects.toMatchObject({ status: 502 });
    },
  );

  test.each(counters)(
    "a failure of %s that passes is nothing that a client sees",
    async (dialect) => {
      providers[dialect].faults.push({ kind: "status", status: 503 });
      const asked = anthropic().messages.countTokens({ model: `${dialect}/recovering`, messages });
      const { response } = await asked.withResponse();
      expect(response.headers.get("x-polygate-attempts")).toBe("2");
    },
  );

  test("what does not fit is refused by its place; a chat still needs max_tokens", async () => {
    const asked = anthropic().messages.countTokens({ model: "anthropic/e", messages: [] });
    await expect(asked).rejects.toMatchObject({
      status: 400,
      error: { error: { message: expect.stringContaining("messages: needs at least one") } },
    });
    const chat = await post("/v1/messages", { model: "anthropic/e", messages });
    expect(chat.status).toBe(400);
    expect(await chat.text()).toContain("max_tokens: is required");
  });
});

describe("counts of tokens for Google's SDK", () => {
  test.each(counters)("%s is asked, and its number is told", async (dialect) => {
    for (const version of ["v1", "v1beta"]) {
      const count = await google(version).models.countTokens({
        model: `${dialect}/e`,
        contents: "Hi",
      });
      expect(count.totalTokens).toBe(doubleTokens);
    }
  });

  test("a whole request is counted with its system words and tools", async () => {
    const contents = [{ role: "user", parts: [{ text: "Hi" }] }];
    const systemInstruction = { parts: [{ text: "Be brief" }] };
    const response = await post("/v1beta/models/gemini%2Fe:countTokens", {
      generateContentRequest: { model: "models/gemini/e", contents, systemInstruction },
    });
    expect(await response.json()).toEqual({ totalTokens: doubleTokens });
    expect(response.headers.get("x-polygate-dropped")).toBeNull();
    expect(last("gemini")?.body).toEqual({
      generateContentRequest: { model: "models/e", contents, systemInstruction },
    });
    await post("/v1beta/models/gemini%2Fe:countTokens", { contents });
    expect(last("gemini")?.body).toEqual({ contents });
  });

  test.each(["openai-chat", "ollama"] as const)(
    "in front of %s it is NOT_FOUND",
    async (dialect) => {
      const asked = google().models.countTokens({ model: `${dialect}/e`, contents: "Hi" });
      await expect(asked).rejects.toMatchObject({
        status: 404,
        message: expect.stringContaining("does not guess"),
      });
    },
  );

  test("what does not fit is refused by its place", async () => {
    const none = await post("/v1beta/models/gemini%2Fe:countTokens", {
      generateContentRequest: { contents: [] },
    });
    expect(await none.text()).toContain("generateContentRequest.contents: needs at least one");
    const both = await post("/v1beta/models/gemini%2Fe:countTokens", {
      contents: [],
      generateContentRequest: { contents: [] },
    });
    expect(await both.text()).toContain(
      "contents: may not be set together with generateContentRequest",
    );
  });
});

describe("a client that leaves ends the provider's call", () => {
  type Leave = (signal: AbortSignal) => Promise<unknown>;
  test.each<[name: string, dialect: DialectName, ask: Leave]>([
    ...makers.map((dialect): [string, DialectName, Leave] => [
      "vectors for OpenAI's SDK",
      dialect,
      (signal) => openai().embeddings.create({ model: `${dialect}/e`, input: "x" }, { signal }),
    ]),
    [
      "vectors for Google's SDK",
      "ollama",
      (abortSignal) =>
        google().models.embedContent({ model: "ollama/e", contents: "x", config: { abortSignal } }),
    ],
    [
      "vectors over gRPC",
      "gemini",
      (signal) =>
        createClient(EmbeddingsService, createGrpcTransport({ baseUrl: gateway.url })).embed(
          { model: "gemini/e", inputs: [{ content: { case: "text", value: "x" } }] },
          { signal, headers: { authorization: `Bearer ${key}` } },
        ),
    ],
    [
      "a count for Anthropic's SDK",
      "gemini",
      (signal) =>
        anthropic().messages.countTokens(
          { model: "gemini/e", messages: [{ role: "user", content: "x" }] },
          { signal },
        ),
    ],
    [
      "a count for Google's SDK",
      "anthropic",
      (abortSignal) =>
        google().models.countTokens({
          model: "anthropic/e",
          contents: "x",
          config: { abortSignal },
        }),
    ],
  ])("%s in front of %s", async (_name, dialect, ask) => {
    const provider = providers[dialect];
    const before = provider.abortedAtMs.length;
    const received = provider.received.length;
    provider.faults.push({ kind: "stall" });
    const leave = new AbortController();
    const asked = ask(leave.signal);
    const refused = expect(asked).rejects.toThrow();
    await expect.poll(() => provider.received.length, { timeout: 5_000 }).toBe(received + 1);
    leave.abort();
    await refused;
    await expect.poll(() => provider.abortedAtMs.length, { timeout: 5_000 }).toBe(before + 1);
  });
});
