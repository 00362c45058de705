/** OpenAI's own SDK asks for what is relayed beside chat: under the gateway's policy, in its client's own bytes. */

import OpenAI, { toFile } from "openai";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const alice = "a-key-of-alice-that-is-long";
const bob = "a-key-of-bob-that-is-long-too";
const megabyte = 1024 * 1024;

let gateway: RunningGateway;
let openaiDouble: ProviderDouble;
let spare: ProviderDouble;
let anthropicDouble: ProviderDouble;

const yamlOf = (more = "") => `
gateway: { host: 127.0.0.1, port: 0, max_request_size: 96MB }
auth: { keys: [{ name: alice, key: ${alice} }, { name: bob, key: ${bob} }] }
load_balancer: { retry_attempts: 2 }
providers:
  openai: { base_url: "${openaiDouble.url}", api_key: upstream-key }
  spare: { dialect: openai, base_url: "${spare.url}", api_key: upstream-key }
  claude: { dialect: anthropic, base_url: "${anthropicDouble.url}", api_key: upstream-key, default_model: double }
routes:
  words: openai/whisper-9
  over: { fallback: ["openai/whisper-9", "spare/whisper-8"] }
${more}`;

beforeAll(async () => {
  openaiDouble = await startProvider("openai-chat");
  spare = await startProvider("openai-chat");
  anthropicDouble = await startProvider("anthropic");
  gateway = await startTestGateway({ yaml: yamlOf() });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const double of [openaiDouble, spare, anthropicDouble]) await double[Symbol.asyncDispose]();
});

beforeEach(() => {
  for (const { operations, faults } of [openaiDouble, spare]) {
    operations.received.length = 0;
    operations.files.clear();
    operations.batches.clear();
    operations.unknown.clear();
    operations.onPiece = () => {};
    operations.speech = { bytes: Buffer.from("RIFF speech") };
    faults.length = 0;
  }
});

const sdk = (apiKey = alice, { url } = gateway) =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
const lastSeen = () => openaiDouble.operations.received.at(-1);

/** A request by hand. */
function ask(path: string, init: RequestInit = {}, apiKey = alice): Promise<Response> {
  const headers = { authorization: `Bearer ${apiKey}`, ...init.headers };
  return fetch(`${gateway.url}${path}`, { method: "POST", ...init, headers });
}

const jsonHeaders = { "content-type": "application/json" };

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

describe("operations that name a model", () => {
  test("a completion comes whole, from the model that the route means, under the gateway's key", async () => {
    const { data, response } = await sdk()
      .completions.create({ model: "openai/davinci", prompt: "Tell" })
      .withResponse();
    expect(data.choices[0]?.text).toBe("Once upon");
    expect(response.headers.get("x-polygate-provider")).toBe("openai");
    expect(response.headers.get("x-polygate-model")).toBe("davinci");
    expect(lastSeen()).toMatchObject({
      path: "/completions",
      fields: { model: "davinci", prompt: "Tell" },
    });
    expect(lastSeen()?.headers.authorization).toBe("Bearer upstream-key");
  });

  test("a completion comes as a stream, and its tokens are counted", async () => {
    const stream = await sdk().completions.create({ model: "words", prompt: "x", stream: true });
    const texts = (await collected(stream)).map(({ choices }) => choices[0]?.text);
    expect(texts).toEqual(["Once", " upon", ""]);
    const line = await gateway.line(
      ({ procedure, model }) =>
        procedure === "polygate.v1.RelayService/Relay" && model === "whisper-9",
    );
    expect(line).toMatchObject({ principal: "alice", endpoint: "/v1/completions", code: "OK" });
  });

  test("bytes of requests and responses pass as they are, but for the model's name", async () => {
    const body =
      '{ "of_tomorrow": 1.00,\n "model" :"openai\\/m é","query":"q", "documents":["a"] }';
    const response = await ask("/v1/rerank", { body, headers: jsonHeaders });
    expect(response.status).toBe(200);
    expect(lastSeen()?.bytes.toString()).toBe(body.replace('"openai\\/m é"', '"m é"'));
    expect(await response.json()).toMatchObject({ results: [{ index: 1 }] });
  });

  test("images are made and edited", async () => {
    const made = await sdk().images.generate({ model: "openai/gpt-image", prompt: "A cat" });
    expect(made.data?.[0]?.b64_json).toBe("aGk=");
    const image = await toFile(Buffer.alloc(1000, 7), "cat.png", { type: "image/png" });
    await sdk().images.edit({ image, model: "openai/gpt-image", prompt: "A dog" });
    expect(lastSeen()?.fields).toEqual({ image: 1000, model: "gpt-image", prompt: "A dog" });
  });

  test("moderations and images need not name a model: relay.provider takes them, with its own", async () => {
    const moderation = await sdk().moderations.create({ input: "x" });
    expect(moderation.model).toBe("own-default");
    await sdk().images.generate({ prompt: "A cat" });
    expect(lastSeen()?.fields).toEqual({ prompt: "A cat" });
    expect(spare.operations.received).toEqual([]);
  });

  test("speech comes as the bytes that it is", async () => {
    const bytes = Buffer.alloc(3 * megabyte, Buffer.from([0, 255, 13, 10, 128]));
    openaiDouble.operations.speech = { bytes };
    const request = { model: "openai/tts", voice: "alloy", input: "x" };
    const response = await sdk().audio.speech.create(request);
    expect(response.headers.get("content-type")).toBe("audio/mpeg");
    expect(response.headers.get("content-length")).toBe(String(bytes.length));
    expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  });

  test("speech comes as events where it is asked for so", async () => {
    const body = JSON.stringify({ model: "openai/tts", stream_format: "sse", input: "x" });
    const response = await ask("/v1/audio/speech", { body, headers: jsonHeaders });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(await response.text()).toMatch(/^data: \{"type":"speech.audio.done".*\}\n\n$/);
  });

  test("a transcription is made of a file of some megabytes, whichever field comes first", async () => {
    const file = await toFile(Buffer.alloc(3 * megabyte, 5), "talk.mp3");
    const before = await sdk().audio.transcriptions.create({ model: "words", file });
    expect(before.text).toBe("Hello");
    expect(lastSeen()?.fields).toEqual({ model: "whisper-9", file: 3 * megabyte });
    await sdk().audio.translations.create({ file, model: "words" });
    expect(lastSeen()?.fields).toEqual({ model: "whisper-9", file: 3 * megabyte });
  });

  test("a transcription comes as a stream", async () => {
    const file = await toFile(Buffer.alloc(10), "talk.mp3");
    const stream = await sdk().audio.transcriptions.create({ file, model: "words", stream: true });
    const types = (await collected(stream)).map(({ type }) => type);
    expect(types).toEqual(["transcript.text.delta", "transcript.text.done"]);
  });
});
