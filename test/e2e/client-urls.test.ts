/** The gateway fetches nothing from an address that a client names: it hands it on, or refuses it. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createClient } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { clientKey, useDialectGateway } from "../support/dialect-gateway.ts";
import { grpcTo } from "../support/transports.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
const use = useDialectGateway(dialects);

/** What whoever runs the network would not want to be asked by the gateway. */
const inside = createServer((_request, response) => response.end("secret"));
let connections = 0;
inside.on("connection", () => {
  connections += 1;
});

beforeAll(async () => {
  inside.listen(0, "127.0.0.1");
  await once(inside, "listening");
});
afterAll(() => {
  inside.close();
});
afterEach(() => expect(connections).toBe(0));

const portOf = () => (inside.address() as AddressInfo).port;
/** The same address in several ways of writing it. */
const addresses = () => [
  `http://127.0.0.1:${portOf()}/image.png`,
  `http://localhost:${portOf()}/image.png`,
  `http://[::ffff:127.0.0.1]:${portOf()}/image.png`,
  `http://2130706433:${portOf()}/image.png`,
  "http://169.254.169.254/latest/meta-data/image.png",
  "file:///etc/passwd",
];

async function post(path: string, body: object) {
  const response = await fetch(use.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${clientKey}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  await response.arrayBuffer();
  return response.status;
}

const clients: Readonly<Record<string, (model: string, url: string) => Promise<number>>> = {
  "OpenAI's chat": (model, url) =>
    post("/v1/chat/completions", {
      model,
      messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
    }),
  "OpenAI's responses": (model, url) =>
    post("/v1/responses", {
      model,
      input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }],
    }),
  Anthropic: (model, url) =>
    post("/v1/messages", {
      model,
      max_tokens: 9,
      messages: [{ role: "user", content: [{ type: "image", source: { type: "url", url } }] }],
    }),
  Gemini: (model, fileUri) =>
    post(`/v1beta/models/${encodeURIComponent(model)}:generateContent`, {
      contents: [{ parts: [{ fileData: { mimeType: "image/png", fileUri } }] }],
    }),
  REST: (model, url) =>
    post("/api/v1/chat", {
      model,
      messages: [{ role: "user", parts: [{ image: { url, media_type: "image/png" } }] }],
    }),
};

const rows = dialects.flatMap((provider) =>
  Object.keys(clients).map((client) => [client, provider] as const),
);

describe("an address that a client names", () => {
  test.each(rows)("by %s, for a provider of the dialect %s", async (client, provider) => {
    for (const address of addresses()) {
      const before = use.providers[provider].received.length;
      const status = await clients[client]?.(`${provider}/double`, address);
      const received = use.providers[provider].received.slice(before);
      // It went on as it was, or nobody was asked.
      if (received.length > 0)
        expect(JSON.stringify(received)).toContain(new URL(address).pathname);
      else expect(status).toBe(400);
    }
  });

  test("by gRPC", async () => {
    const chats = createClient(ChatService, grpcTo(use.url, clientKey));
    for (const url of addresses()) {
      const content = {
        case: "image" as const,
        value: { source: { case: "url" as const, value: url } },
      };
      const messages = [{ role: "user", parts: [{ content }] }];
      await chats.chat({ modelPreference: "openai-chat/double", messages }).catch(() => {});
    }
  });
});

test("an address that a model names, in its words or for a tool, goes to the client alone", async () => {
  const [url = ""] = addresses();
  use.providers["openai-chat"].scripts.push({
    text: `![x](${url})`,
    toolCall: { id: "call_1", name: "fetch", arguments: JSON.stringify({ url }) },
  });
  expect(
    await post("/v1/chat/completions", {
      model: "openai-chat/double",
      messages: [{ role: "user", content: "Hi" }],
    }),
  ).toBe(200);
});
