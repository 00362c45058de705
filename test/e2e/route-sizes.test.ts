/** A lower limit of some routes holds on every surface that leads there, before the body is read. */

import { once } from "node:events";
import { connect } from "node:net";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { transports } from "../support/transports.ts";

const limit = 2_000;
const engines = ["polygate", "node"] as const;

describe.each(engines)("with the engines of %s", (engine) => {
  let gateway: RunningGateway;

  beforeAll(async () => {
    gateway = await startTestGateway({
      yaml: `
gateway:
  host: 127.0.0.1
  port: 0
  http1_engine: ${engine}
  http2_engine: ${engine}
  max_request_sizes:
    - { match: /polygate.v1.ChatService/, size: ${limit} }
    - { match: /v1/upload, size: 1000 }
    - { match: /v1/, size: 100000 }
`,
    });
  }, 30_000);

  afterAll(() => gateway[Symbol.asyncDispose]());

  const post = (path: string, body: NonNullable<RequestInit["body"]>, type = "application/json") =>
    fetch(gateway.url + path, {
      method: "POST",
      headers: { "content-type": type },
      body,
      ...(body instanceof ReadableStream ? { duplex: "half" } : {}),
    } as RequestInit);

  const words = (length: number) => "x".repeat(length);
  const bodies: readonly (readonly [path: string, of: (text: string) => object])[] = [
    ["/api/v1/chat", (message) => ({ message })],
    ["/v1/query", (query) => ({ query })],
    ["/polygate.v1.ChatService/Chat", (message) => ({ message })],
    [
      "/v1/chat/completions",
      (content) => ({ model: "embedded", messages: [{ role: "user", content }] }),
    ],
    ["/v1/responses", (input) => ({ model: "embedded", input })],
    [
      "/v1/messages",
      (content) => ({ model: "embedded", max_tokens: 9, messages: [{ role: "user", content }] }),
    ],
    ["/v1beta/models/embedded:generateContent", (text) => ({ contents: [{ parts: [{ text }] }] })],
  ];

  test.each(bodies)("%s takes no body above it, whole or in pieces", async (path, of) => {
    const body = JSON.stringify(of(words(limit)));
    const pieces = () =>
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const byte of Buffer.from(body)) controller.enqueue(Uint8Array.of(byte));
          controller.close();
        },
      });
    for (const sent of [body, pieces()]) {
      const response = await post(path, sent);
      const text = await response.text();
      // Connect has no status of its own for it.
      expect([413, 429], text).toContain(response.status);
      expect(text).toContain(`${limit} bytes`);
      expect(text).toContain("max_request_sizes");
    }
    const fits = await post(path, JSON.stringify(of(words(100))));
    await fits.arrayBuffer();
    expect([413, 429]).not.toContain(fits.status);
  });

  test.each(Object.entries(transports))("%s takes no message above it", async (_name, to) => {
    const chats = createClient(ChatService, to(gateway.url));
    const refused = await chats.chat({ message: words(limit) }).catch(ConnectError.from);
    expect(refused).toMatchObject({ code: Code.ResourceExhausted });
    expect((refused as ConnectError).rawMessage).toContain("max_request_sizes");
    expect((await chats.chat({ message: words(100) })).response).not.toBe("");
  });

  test("a length that is declared is refused before a byte of the body", async () => {
    const { port } = new URL(gateway.url);
    const socket = connect(Number(port), "127.0.0.1");
    const head = "host: a\r\ncontent-type: application/json\r\ncontent-length: 5000";
    socket.write(`POST /api/v1/chat HTTP/1.1\r\n${head}\r\n\r\n`);
    const [answer] = (await once(socket, "data")) as [Buffer];
    socket.destroy();
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 /);
  });

  test("the least of those that match holds, for uploads too; other routes have the limit of all", async () => {
    const upload = await post("/v1/upload", new Uint8Array(1_001), "image/png");
    expect(upload.status).toBe(413);
    expect(await upload.text()).toContain("1000 bytes");
    const other = await post("/api/v1/models/nobody:predict", JSON.stringify({ x: words(9_000) }));
    expect(other.status).not.toBe(413);
    await other.arrayBuffer();
  });
});
