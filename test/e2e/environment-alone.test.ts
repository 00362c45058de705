/** `npm start` with no file: a key and an address in the environment are all that a provider needs. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { freePort } from "../support/free-port.ts";
import { startTestGateway } from "../support/gateway.ts";
import { startProcess } from "../support/polygate-process.ts";
import { startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

/** Seed 004's request. */
const seed = {
  message: "Hello, how are you?",
  context: "Previous conversation context",
  use_tools: true,
  stream: false,
};

/** Starts `npm start` as somebody would who has set these variables and nothing else. */
async function npmStart(variables: Readonly<Record<string, string>>) {
  const port = String(await freePort());
  const { PATH, HOME } = process.env;
  const started = await startProcess({
    command: ["npm", "start"],
    env: { PATH, HOME, GATEWAY_HOST: "127.0.0.1", GATEWAY_PORT: port, ...variables },
  });
  // A provider that is named alone is asked for the first of its models, once it has told them.
  for (;;) {
    const models = await fetch(`${started.urls[0]}/v1/models`);
    if ((await models.text()).includes('"double"')) return started;
  }
}

async function chat(url: string, body: object) {
  const response = await fetch(`${url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

test("OPENAI_API_KEY and OPENAI_BASE_URL: chats over REST and gRPC go there, with that key, and health lists it", async () => {
  await using provider = await startProvider("openai-chat");
  await using started = await npmStart({
    OPENAI_API_KEY: "sk-of-the-environment",
    OPENAI_BASE_URL: provider.url,
  });
  const [url = ""] = started.urls;
  for (const model_preference of ["openai", "openai/double", "double", ""]) {
    expect(await chat(url, { ...seed, model_preference })).toMatchObject({
      status: 200,
      body: {
        response: "Hello there",
        model_used: "double",
        usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
      },
    });
  }
  const client = createClient(ChatService, grpcTo(url));
  const { response } = await client.chat({ message: "Hi", modelPreference: "openai" });
  expect(response).toBe("Hello there");
  let streamed = "";
  for await (const { delta } of client.streamChat({ message: "Hi" })) streamed += delta;
  expect(streamed).toBe("Hello there");
  const chats = provider.received.filter(({ path }) => path.endsWith("/chat/completions"));
  expect(chats.length).toBe(6);
  for (const { headers } of chats)
    expect(headers.authorization).toBe("Bearer sk-of-the-environment");
  const health = await fetch(`${url}/api/v1/health`);
  expect(await health.json()).toMatchObject({
    status: "healthy",
    models: { openai: "available" },
    services: { llm: { status: "healthy" } },
  });
  expect(started.output()).not.toContain("sk-of-the-environment");
});

test.each([
  { dialect: "anthropic", name: "ANTHROPIC", wish: "claude", provider: "anthropic" },
  { dialect: "openai-chat", name: "XAI", wish: "grok", provider: "xai" },
  { dialect: "gemini", name: "GOOGLE_GEMINI", wish: "gemini", provider: "google" },
] as const)(
  "seed 004's request names $wish: it goes to $provider",
  async ({ dialect, name, wish, provider: expected }) => {
    await using provider = await startProvider(dialect);
    const key = name === "GOOGLE_GEMINI" ? "GEMINI_API_KEY" : `${name}_API_KEY`;
    await using started = await npmStart({ [key]: "key", [`${name}_BASE_URL`]: provider.url });
    const client = createClient(ChatService, grpcTo(started.urls[0] ?? ""));
    for (const modelPreference of [wish, `${wish}/double`]) {
      let from: string | null = null;
      const { response } = await client.chat(
        { message: "Hi", modelPreference },
        { onHeader: (headers) => (from = headers.get("x-polygate-provider")) },
      );
      expect([response, from]).toEqual(["Hello there", expected]);
    }
  },
);

test("what providers have not told yet is not unknown: calls of the first moment are told to come again", async () => {
  const start = (url: string) =>
    startTestGateway({
      env: { OPENAI_API_KEY: "key", OPENAI_BASE_URL: url },
      yaml: "gateway: { host: 127.0.0.1, port: 0, health_check_timeout: 10m }",
    });
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  {
    const { port } = silent.address() as AddressInfo;
    await using gateway = await start(`http://127.0.0.1:${port}`);
    for (const model_preference of ["openai", "double"]) {
      const response = await fetch(`${gateway.url}/api/v1/chat`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ ...seed, model_preference }),
      });
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
      expect(await response.json()).toMatchObject({ error: { code: "POOL_EMPTY" } });
    }
  }
  silent.close();
  await using provider = await startProvider("openai-chat");
  await using gateway = await start(provider.url);
  await gateway.line(({ msg }) => msg === "provider health");
  expect((await chat(gateway.url, { ...seed, model_preference: "double" })).status).toBe(200);
  expect((await chat(gateway.url, { ...seed, model_preference: "triple" })).status).toBe(404);
});
