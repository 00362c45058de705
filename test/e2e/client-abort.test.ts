/** A client that leaves, by whatever protocol and at whatever moment, ends the provider's call, in every dialect; nothing is retried for it. */

import { once } from "node:events";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;

let gateway: RunningGateway;
const providers = {} as Record<DialectName, ProviderDouble>;
const waitedMs: Record<string, number[]> = {};

beforeAll(async () => {
  for (const dialect of dialects) providers[dialect] = await startProvider(dialect);
  const entry = (dialect: DialectName) => {
    const name = dialect === "openai-chat" ? "openai" : dialect;
    return `  ${dialect}: { dialect: ${name}, base_url: "${providers[dialect].url}", api_key: upstream-key }`;
  };
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
load_balancer: { retry_attempts: 3 }
providers:
${dialects.map(entry).join("\n")}
`,
  });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const dialect of dialects) await providers[dialect][Symbol.asyncDispose]();
  for (const [way, times] of Object.entries(waitedMs)) {
    const mean = times.reduce((sum, ms) => sum + ms, 0) / times.length;
    console.log(
      `${way}: the provider saw it after ${mean.toFixed(1)} ms, ${Math.max(...times).toFixed(1)} at most`,
    );
  }
});

/** A call that was begun. */
interface Begun {
  /** Resolves when a piece of the answer has arrived. */
  readonly content: Promise<unknown>;
  leave(): void;
  /** Settles when the client has ended. */
  readonly done: Promise<unknown>;
}

type Begin = (model: string, words: string) => Begun;

/** A call over fetch, which is left by its signal. */
function fetched(path: string, body: object, headers: Record<string, string> = {}): Begun {
  const leave = new AbortController();
  const content = Promise.withResolvers<void>();
  const done = (async () => {
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
      signal: leave.signal,
    });
    let text = "";
    for await (const piece of response.body ?? []) {
      text += Buffer.from(piece).toString();
      if (text.includes("Hello")) content.resolve();
    }
    throw new Error(`the call ended by itself: ${text}`);
  })();
  return { content: content.promise, leave: () => leave.abort(), done };
}

/** A call of a Connect client. */
function called(transport: ReturnType<typeof createGrpcTransport>, streams: boolean): Begin {
  return (model, message) => {
    const client = createClient(ChatService, transport);
    const leave = new AbortController();
    const content = Promise.withResolvers<void>();
    const request = { message, modelPreference: model };
    const done = (async () => {
      if (!streams) return await client.chat(request, { signal: leave.signal });
      for await (const { delta } of client.streamChat(request, { signal: leave.signal })) {
        if (delta !== "") content.resolve();
      }
      throw new Error("the call ended by itself");
    })();
    return { content: content.promise, leave: () => leave.abort(), done };
  };
}

function overSocket(model: string, message: string): Begun {
  const socket = new WebSocket(`${gateway.url.replace(/^http/, "ws")}/api/v1/chat:stream`);
  socket.addEventListener("open", () =>
    socket.send(JSON.stringify({ message, model_preference: model })),
  );
  const content = Promise.withResolvers<void>();
  socket.addEventListener("message", ({ data }) => {
    if (JSON.parse(data).delta) content.resolve();
  });
  const done = once(socket, "close").then(() => {
    throw new Error("closed");
  });
  return { content: content.promise, leave: () => socket.close(), done };
}

const openaiBody = (model: string, content: string, stream: boolean) => ({
  model,
  stream,
  messages: [{ role: "user", content }],
});
const geminiBody = (text: string) => ({ contents: [{ parts: [{ text }] }] });
const grpc = () => createGrpcTransport({ baseUrl: gateway.url });
const connect = (httpVersion: "1.1" | "2") =>
  createConnectTransport({ baseUrl: gateway.url, httpVersion });

const streams: Readonly<Record<string, Begin>> = {
  gRPC: (model, words) => called(grpc(), true)(model, words),
  Connect: (model, words) => called(connect("1.1"), true)(model, words),
  "Connect on HTTP/2": (model, words) => called(connect("2"), true)(model, words),
  "SSE of REST": (model, words) =>
    fetched(
      "/api/v1/chat:stream",
      { message: words, model_preference: model },
      { accept: "text/event-stream" },
    ),
  "SSE of OpenAI": (model, words) =>
    fetched("/v1/chat/completions", openaiBody(model, words, true)),
  "SSE of Anthropic": (model, words) =>
    fetched("/v1/messages", { ...openaiBody(model, words, true), max_tokens: 9 }),
  "SSE of Gemini": (model, words) =>
    fetched(
      `/v1beta/models/${encodeURIComponent(model)}:streamGenerateContent?alt=sse`,
      geminiBody(words),
    ),
  WebSocket: overSocket,
};

const unary: Readonly<Record<string, Begin>> = {
  gRPC: (model, words) => called(grpc(), false)(model, words),
  Connect: (model, words) => called(connect("1.1"), false)(model, words),
  "Connect on HTTP/2": (model, words) => called(connect("2"), false)(model, words),
  REST: (model, words) => fetched("/api/v1/chat", { message: words, model_preference: model }),
  OpenAI: (model, words) => fetched("/v1/chat/completions", openaiBody(model, words, false)),
  Anthropic: (model, words) =>
    fetched("/v1/messages", { ...openaiBody(model, words, false), max_tokens: 9 }),
  Gemini: (model, words) =>
    fetched(`/v1beta/models/${encodeURIComponent(model)}:generateContent`, geminiBody(words)),
};

/** A way to leave a call. */
interface Way {
  readonly name: string;
  /** Unique; the text of the call, by which the provider knows it. */
  readonly words: string;
  readonly begin: Begin;
  readonly isMidstream: boolean;
}

const ways: readonly Way[] = [
  ...Object.entries(streams).flatMap(([name, begin]) => [
    { name: `stream over ${name}, before the first token`, begin, isMidstream: false },
    { name: `stream over ${name}, in its midst`, begin, isMidstream: true },
  ]),
  ...Object.entries(unary).map(([name, begin]) => ({
    name: `whole response over ${name}`,
    begin,
    isMidstream: false,
  })),
].map((way, index) => ({ ...way, words: `call${index}.` }));

/**
 * Begins a call at a provider that stalls, leaves it, and waits until the provider has seen that. Over
 * HTTP/1.1 that takes some two seconds: the end of a client's side may mean that it sends no more and
 * still reads, which only writing to it tells.
 */
async function leave(dialect: DialectName, { name, words, begin, isMidstream }: Way) {
  const requests = () =>
    providers[dialect].received.filter(({ body }) => JSON.stringify(body).includes(words));
  const call = begin(`${dialect}/double`, words);
  const ended = expect(call.done).rejects.toThrow();
  await expect.poll(() => requests().length, { interval: 5, timeout: 10_000 }).toBe(1);
  if (isMidstream) await call.content;
  expect(requests()[0]?.abortedAtMs).toBeUndefined();
  const leftMs = performance.now();
  call.leave();
  const seen = () => requests()[0]?.abortedAtMs;
  await expect.poll(seen, { interval: 5, timeout: 10_000 }).toBeGreaterThan(leftMs);
  waitedMs[name] = [...(waitedMs[name] ?? []), (seen() ?? Number.NaN) - leftMs];
  await ended;
}

test.each(dialects)(
  "in front of %s the provider sees that the client left: every protocol, before the first token, in the midst, and while a whole response is made",
  async (dialect) => {
    const provider = providers[dialect];
    const stalls = new Set(ways.filter((way) => !way.isMidstream).map(({ words }) => words));
    provider.illness = (body) => {
      const words = /call\d+\./.exec(JSON.stringify(body))?.[0] ?? "";
      return stalls.has(words)
        ? { kind: "stall" }
        : { kind: "stall_after", frames: dialect === "ollama" ? 1 : 4 };
    };
    await Promise.all(ways.map((way) => leave(dialect, way)));
    // Each is told as what it was, and nobody else was asked for it.
    const lines = () =>
      gateway.lines.filter(({ msg, upstream }) => msg === "call" && upstream === dialect);
    await expect.poll(() => lines().length, { timeout: 10_000 }).toBe(ways.length);
    expect(new Set(lines().map(({ code, reason }) => `${code} ${reason}`))).toEqual(
      new Set(["CANCELLED CANCELLED"]),
    );
    expect(provider.received).toHaveLength(ways.length);
    expect(provider.open()).toBe(0);
  },
  30_000,
);
