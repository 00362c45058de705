/** Provider backends against doubles that speak the vendors' wires. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { LlmBackend, type LlmBackendOptions } from "#backends/llm/backend.ts";
import { Assembler } from "#chat/assemble.ts";
import { normalized } from "#chat/normalize.ts";
import { systemClock } from "#core/clock.ts";
import type { DialectName } from "#dialects/dialect.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import { infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { ChatRequestSchema, type ChatResponse } from "#gen/polygate/v1/chat_pb.js";
import { testWith } from "../../../support/needs.ts";
import { type ProviderDouble, startProvider } from "../../../support/provider-double.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
const request = normalized(create(ChatRequestSchema, { message: "Hi", maxTokens: 20 }));
const toolRequest = normalized(
  create(ChatRequestSchema, {
    message: "Weather?",
    maxTokens: 20,
    tools: [{ name: "w", description: "d", parametersJson: '{"type":"object"}' }],
  }),
);
const call = { model: "double", requestId: "r" };
const never = new AbortController().signal;

function backendOf(
  { url }: Pick<ProviderDouble, "url">,
  dialect: DialectName,
  more: Partial<LlmBackendOptions> = {},
  onKeyRefused?: (event: { tail: string; reason: string }) => void,
): LlmBackend {
  return new LlmBackend(
    {
      name: "double",
      dialect,
      baseUrl: url,
      keys: ["key-0123456789"],
      keyHeader: "bearer",
      factsOf: () => defaultModelFacts,
      connectionsMax: 8,
      connectTimeoutMs: 1_000,
      firstTokenTimeoutMs: 5_000,
      idleTimeoutMs: 5_000,
      totalTimeoutMs: 10_000,
      responseBytesMax: 1 << 20,
      ...more,
    },
    onKeyRefused === undefined ? { clock: systemClock } : { clock: systemClock, onKeyRefused },
  );
}

async function streamed(
  backend: LlmBackend,
  asked = request,
  signal = never,
): Promise<ChatResponse> {
  const assembler = new Assembler();
  for await (const batch of backend.streamChat(asked, { ...call, signal })) {
    for (const event of batch) assembler.add(event);
  }
  return assembler.response;
}

async function refused(work: Promise<unknown>): Promise<ConnectError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
}

const textOf = ({ parts }: ChatResponse) =>
  parts.map(({ content }) => (content.case === "text" ? content.value.text : "")).join("");

describe.each(dialects)("%s", (dialect) => {
  test("answers whole and as a stream alike, with usage and a stop", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect);
    const whole = await backend.chat(request, { ...call, signal: never });
    const pieces = await streamed(backend);
    for (const response of [whole, pieces]) {
      expect(textOf(response)).toBe("Hello there");
      expect(response.modelUsed).toBe("double");
      expect(response.usage).toMatchObject({
        promptTokens: 3,
        completionTokens: 5,
        totalTokens: 8,
      });
      expect(response.stop?.kind).toBe(1);
    }
    expect(provider.open()).toBe(0);
    expect(provider.received[0]?.headers.authorization).toBe("Bearer key-0123456789");
  });

  test("calls tools, whole and as a stream alike", async () => {
    await using provider = await startProvider(dialect);
    provider.script = {
      text: "Let me see",
      toolCall: { id: "c1", name: "w", arguments: '{"city":"Ulm"}' },
    };
    await using backend = backendOf(provider, dialect);
    const whole = await backend.chat(toolRequest, { ...call, signal: never });
    const pieces = await streamed(backend, toolRequest);
    for (const response of [whole, pieces]) {
      const call = response.parts.at(-1)?.content;
      expect(call).toMatchObject({
        case: "toolCall",
        value: { name: "w", arguments: '{"city":"Ulm"}' },
      });
      expect(response.stop?.kind).toBe(5);
    }
  });

  test("lists its models, by which it is checked for free", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect);
    expect(await backend.listModels(never)).toEqual([
      { id: "double", provider: "double", capabilities: ["text"] },
    ]);
    await backend.check(never);
    expect(provider.received).toEqual([]);
  });

  test("a client that leaves before the first token, in the middle, or waits for the whole: the provider's call ends at once", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect);
    const cases = [
      {
        fault: { kind: "stall" } as const,
        call: (signal: AbortSignal) => streamed(backend, request, signal),
      },
      {
        fault: { kind: "stall_after", frames: 5 } as const,
        call: (signal: AbortSignal) => streamed(backend, request, signal),
      },
      {
        fault: { kind: "stall" } as const,
        call: (signal: AbortSignal) => backend.chat(request, { ...call, signal }),
      },
    ];
    for (const [index, { fault, call }] of cases.entries()) {
      provider.faults.push(fault);
      const leave = new AbortController();
      const asked = call(leave.signal);
      await expect.poll(() => provider.received.length).toBe(index + 1);
      leave.abort(new DOMException("the client left", "AbortError"));
      await expect(asked).rejects.toThrow("the client left");
      await expect.poll(() => provider.abortedAtMs.length).toBe(index + 1);
      expect(provider.open()).toBe(0);
    }
  });

  test("a stream that is left early ends the provider's call", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect);
    provider.faults.push({ kind: "stall_after", frames: 5 });
    for await (const [event] of backend.streamChat(request, { ...call, signal: never })) {
      expect(event?.$typeName).toBe("polygate.v1.ChatEvent");
      break;
    }
    await expect.poll(() => provider.open()).toBe(0);
    expect(provider.abortedAtMs.length).toBe(1);
  });

  const failures = [
    ["an overload", { kind: "status", status: 503 }, "BACKEND_OVERLOADED"],
    ["a refused key", { kind: "status", status: 401 }, "BACKEND_CREDENTIAL"],
    [
      "a limit",
      { kind: "status", status: 429, headers: { "retry-after": "7" } },
      "BACKEND_RATE_LIMITED",
    ],
    ["a failure of its own", { kind: "status", status: 500 }, "BACKEND_FAILED"],
    ["a body that is no JSON", { kind: "garbage" }, "BACKEND_MALFORMED"],
    ["a page of HTML", { kind: "wrong_type" }, "BACKEND_MALFORMED"],
    ["a broken connection", { kind: "reset_after", frames: 1 }, "BACKEND_LOST"],
  ] as const;
  test.each(failures)("%s is told as what it is", async (_name, fault, reason) => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect);
    provider.faults.push(fault);
    const whole = await refused(backend.chat(request, { ...call, signal: never }));
    expect(reasonOf(whole)).toBe(reason);
    if (reason === "BACKEND_RATE_LIMITED") expect(retryAfterMsFrom(whole)).toBe(7_000);
    provider.faults.push(fault);
    const stream = await refused(streamed(backend));
    // A page of HTML holds no frame: the stream just ended.
    expect(reasonOf(stream)).toBe(
      fault.kind === "wrong_type" && dialect !== "ollama" ? "BACKEND_FAILED" : reason,
    );
    expect(infoMetadataOf(stream).upstream_status ?? "").not.toContain("html");
  });

  test("a stream cut off, or with an error inside, fails: no end is made up", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect);
    provider.faults.push({ kind: "cut_after", frames: 2 });
    expect(reasonOf(await refused(streamed(backend)))).toBe("BACKEND_FAILED");
    provider.faults.push({ kind: "error_frame" });
    const error = await refused(streamed(backend));
    expect(error.rawMessage).toContain("Overloaded");
  });

  test("silence before the first token and in the middle each has a limit of its own", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect, {
      firstTokenTimeoutMs: 200,
      idleTimeoutMs: 400,
    });
    provider.faults.push({ kind: "stall" });
    expect(reasonOf(await refused(streamed(backend)))).toBe("BACKEND_FIRST_TOKEN_TIMEOUT");
    provider.faults.push({ kind: "stall_after", frames: 5 });
    expect(reasonOf(await refused(streamed(backend)))).toBe("BACKEND_IDLE_TIMEOUT");
  });

  test("a response without end is refused at its bound", async () => {
    await using provider = await startProvider(dialect);
    provider.script = { text: "x".repeat(200_000) };
    await using backend = backendOf(provider, dialect, { responseBytesMax: 100_000 });
    const error = await refused(backend.chat(request, { ...call, signal: never }));
    expect(reasonOf(error)).toBe("BACKEND_MALFORMED");
    await expect.poll(() => provider.open()).toBe(0);
  });

  test("a stream without end is given up at its bound, its text or a tool's arguments alike", async () => {
    await using provider = await startProvider(dialect);
    await using backend = backendOf(provider, dialect, { responseBytesMax: 100_000 });
    const long = "x".repeat(500_000);
    const toolCall = { id: "call_1", name: "look", arguments: JSON.stringify({ long }) };
    for (const script of [{ text: long }, { text: "", toolCall }]) {
      provider.script = script;
      const error = await refused(streamed(backend));
      expect([reasonOf(error), error.rawMessage]).toEqual([
        "BACKEND_MALFORMED",
        "the provider's stream has more than 400000 bytes",
      ]);
      await expect.poll(() => provider.open()).toBe(0);
    }
    provider.script = { text: "short" };
    expect(textOf(await streamed(backend))).toBe("short");
  });
});

test("a refused key is set aside and named by its last four characters; the next call takes another", async () => {
  await using provider = await startProvider("openai-chat");
  const events: { tail: string; reason: string }[] = [];
  const keys = ["sk-first-0001", "sk-second-0002"];
  await using backend = backendOf(provider, "openai-chat", { keys }, (event) => events.push(event));
  provider.faults.push({
    kind: "status",
    status: 401,
    body: { error: { message: "bad key sk-first-0001" } },
  });
  const error = await refused(backend.chat(request, { ...call, signal: never }));
  expect(error.rawMessage).not.toContain("sk-first");
  expect(events).toEqual([{ tail: "…0001", reason: "BACKEND_CREDENTIAL" }]);
  for (let count = 0; count < 3; count += 1) {
    await backend.chat(request, { ...call, signal: never });
    expect(provider.received.at(-1)?.headers.authorization).toBe("Bearer sk-second-0002");
  }
});

test("a provider that nobody listens for is lost, not failed", async () => {
  await using backend = backendOf({ url: "http://127.0.0.1:9" }, "openai-chat");
  const error = await refused(backend.chat(request, { ...call, signal: never }));
  expect(reasonOf(error)).toBe("BACKEND_LOST");
  expect(error.rawMessage).not.toContain("127.0.0.1");
});

/** A port whose program does not run: the system keeps a few connections for it, and lets all others wait. */
async function deafPort() {
  const script =
    "const s=require('net').createServer().listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))";
  const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = await once(child.stdout, "data");
  const port = Number(String(line));
  child.kill("SIGSTOP");
  const waiting = Array.from({ length: 8 }, () => connect(port, "127.0.0.1").on("error", () => {}));
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const socket of waiting) socket.destroy();
      child.kill("SIGKILL");
      await once(child, "exit");
    },
  };
}

const noDeafPorts =
  process.platform === "linux" ? undefined : "only Linux lets a port take no connection";
testWith(noDeafPorts)(
  "a provider that takes no connection has a limit of its own, for a stream and a whole response",
  async () => {
    await using deaf = await deafPort();
    await using backend = backendOf(deaf, "openai-chat", { connectTimeoutMs: 300 });
    expect(reasonOf(await refused(streamed(backend)))).toBe("BACKEND_CONNECT_TIMEOUT");
    const whole = backend.chat(request, { ...call, signal: never });
    expect(reasonOf(await refused(whole))).toBe("BACKEND_CONNECT_TIMEOUT");
  },
);

test("a response that goes on and on ends at the limit for the whole", async () => {
  await using provider = await startProvider("openai-chat");
  await using backend = backendOf(provider, "openai-chat", { totalTimeoutMs: 300 });
  provider.faults.push({ kind: "stall_after", frames: 4 }, { kind: "stall" });
  expect(reasonOf(await refused(streamed(backend)))).toBe("BACKEND_TOTAL_TIMEOUT");
  const whole = backend.chat(request, { ...call, signal: never });
  expect(reasonOf(await refused(whole))).toBe("BACKEND_TOTAL_TIMEOUT");
  await expect.poll(() => provider.open()).toBe(0);
});

test("of a provider that lists models without end so many are kept, and a list that is too long is none", async () => {
  const models = (count: number) => ({
    data: Array.from({ length: count }, (_, index) => ({ id: `m${index}` })),
  });
  let listing: unknown = models(5_001);
  await using server = createServer((_request, response) => {
    response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(listing));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await using backend = backendOf({ url: `http://127.0.0.1:${port}` }, "openai-chat");
  expect(await backend.listModels(never)).toHaveLength(5_000);
  listing = { ...models(1), rest: "x".repeat(8 * 1024 * 1024) };
  expect(reasonOf(await refused(backend.listModels(never)))).toBe("BACKEND_MALFORMED");
  expect(backend.listed).toHaveLength(5_000);
  server.closeAllConnections();
});

test("a provider that lists no models is there all the same, and one that fails to is not", async () => {
  const statuses = [404, 405, 401, 403, 429, 500];
  await using server = createServer((_request, response) => {
    response.writeHead(statuses[0] ?? 500, { "content-type": "application/json" }).end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (const { status, isThere } of [404, 405, 401, 403, 429, 500].map((status) => ({
    status,
    isThere: status !== 500,
  }))) {
    await using backend = backendOf({ url: `http://127.0.0.1:${port}` }, "openai-chat");
    const checked = await backend.check(never).then(
      () => true,
      () => false,
    );
    expect(checked, String(status)).toBe(isThere);
    statuses.shift();
  }
  server.closeAllConnections();
});
