/** What a client sees of retries, fallbacks, keys, time-outs and waiting, through a whole gateway. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import type { ProviderFault } from "../support/provider-fault.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
const second = "second";

let gateway: RunningGateway;
const providers = {} as Record<DialectName | typeof second, ProviderDouble>;

beforeAll(async () => {
  for (const dialect of dialects) providers[dialect] = await startProvider(dialect);
  providers.second = await startProvider("openai-chat");
  providers.second.script = { text: "Second" };
  const limits = "connect_timeout: 500ms, first_token_timeout: 500ms, idle_timeout: 600ms";
  const entry = (dialect: DialectName) => {
    const name = dialect === "openai-chat" ? "openai" : dialect;
    return `  ${dialect}: { dialect: ${name}, base_url: "${providers[dialect].url}", api_keys: [first-key-000, other-key-111], ${limits} }`;
  };
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
rest: { heartbeat: 100ms }
load_balancer: { retry_attempts: 2, ejection_time: 50ms }
providers:
${dialects.map(entry).join("\n")}
  second: { dialect: openai, base_url: "${providers.second.url}" }
  brief: { dialect: openai, base_url: "${providers["openai-chat"].url}", total_timeout: 300ms }
routes:
${dialects.map((dialect) => `  ${dialect}-then-second: { fallback: [${dialect}/double, second/double] }`).join("\n")}
  typed:
    fallback:
      - openai-chat/double
      - { provider: second, model: larger, on: [context_window] }
      - { provider: second, model: permissive, on: [content_policy] }
      - second/any
  hedged: { fallback: [openai-chat/double, second/double], hedge: 100ms }
`,
  });
}, 30_000);

beforeEach(async () => {
  for (const provider of Object.values(providers)) {
    provider.faults.length = 0;
    provider.illness = undefined;
  }
  // A call that goes well shows each to be sound again, whatever the test before did to it.
  for (const dialect of dialects) await chat(`${dialect}/double`);
  for (const provider of Object.values(providers)) provider.received.length = 0;
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const provider of Object.values(providers)) await provider[Symbol.asyncDispose]();
});

async function chat(model: string) {
  const response = await fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ message: "x", model_preference: model }),
  });
  const body = (await response.json()) as { response?: string; error?: { code: string } };
  const header = (name: string) => response.headers.get(`x-polygate-${name}`);
  return {
    status: response.status,
    text: body.response ?? body.error?.code,
    provider: header("provider"),
    model: header("model"),
    attempts: header("attempts"),
  };
}

async function stream(path: string, body: object): Promise<{ status: number; text: string }> {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "text/event-stream" },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}
const streamOf = (model: string) =>
  stream("/api/v1/chat:stream", { message: "x", model_preference: model });

const failing: ProviderFault = { kind: "status", status: 500 };

test("headers say how many tries a response took, where it comes from, and the log how each ended", async () => {
  providers["openai-chat"].faults.push(failing);
  expect(await chat("openai-chat-then-second")).toEqual({
    status: 200,
    text: "Second",
    provider: "second",
    model: "double",
    attempts: "2",
  });
  expect(await gateway.line(({ tries }) => tries !== undefined)).toMatchObject({
    attempts: 2,
    tries: "openai-chat:BACKEND_FAILED,second:OK",
    upstream: "second",
  });
});

test("a failed call tells its tries as well, on every surface", async () => {
  providers["openai-chat"].illness = failing;
  expect(await chat("openai-chat/double")).toMatchObject({
    status: 500,
    text: "BACKEND_FAILED",
    provider: "openai-chat",
    attempts: "3",
  });
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    body: JSON.stringify({
      model: "openai-chat/double",
      messages: [{ role: "user", content: "x" }],
    }),
  });
  expect([response.status, response.headers.get("x-polygate-attempts")]).toEqual([502, "3"]);
  await response.body?.cancel();
});

describe.each(dialects)("in front of %s", (dialect) => {
  const route = `${dialect}-then-second`;
  const faults: readonly (readonly [string, ProviderFault])[] = [
    ["an error inside a stream that began with 200", { kind: "error_frame" }],
    ["a stream that is cut off before it has content", { kind: "cut_after", frames: 0 }],
    ["a connection that breaks before content", { kind: "reset_after", frames: 0 }],
    ["garbage", { kind: "garbage" }],
    ["a page of HTML", { kind: "wrong_type" }],
    ["silence", { kind: "stall" }],
    // The first frame of the others is content already.
    ...(dialect === "gemini" || dialect === "ollama"
      ? []
      : ([["an error after the frame that begins it", { kind: "error_after_start" }]] as const)),
  ];
  test.each(faults)("%s is nothing that a client sees", async (_name, fault) => {
    providers[dialect].faults.push(fault);
    const { status, text } = await streamOf(route);
    expect(status).toBe(200);
    const deltas = [...text.matchAll(/"delta":"([^"]*)"/g)].map(([, delta]) => delta);
    expect(deltas.join("")).toBe("Second");
    expect(text).not.toContain("error");
    expect(providers[dialect].received).toHaveLength(1);
  });

  test.each([[429], [401]])(
    "a key that is answered with %d is no reason to fail: the other one is taken",
    async (status) => {
      providers[dialect].faults.push({ kind: "status", status });
      expect(await chat(`${dialect}/double`)).toMatchObject({ status: 200, attempts: "2" });
      const keys = providers[dialect].received.map(
        ({ headers }) => headers.authorization ?? headers["x-api-key"] ?? headers["x-goog-api-key"],
      );
      expect(new Set(keys).size).toBe(2);
    },
  );
});

test("an endpoint that asks to be left alone is ejected, once, which a line and the metrics tell", async () => {
  const headers = { "retry-after": "1" };
  providers["openai-chat"].illness = { kind: "status", status: 503, headers };
  for (let call = 0; call < 3; call += 1) await chat("openai-chat-then-second");
  const isOf = (line: Record<string, unknown>) =>
    line.msg === "endpoint ejected" && line.cause === "retry_after";
  expect(await gateway.line(isOf)).toMatchObject({
    ...{ pool: "openai-chat", endpoint: "openai-chat", model: "double" },
    for_ms: 1_000,
  });
  expect(gateway.lines.filter(isOf)).toHaveLength(1);
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain(
    'load_balancer_ejections_total{core="openai-chat",cause="retry_after"} 1',
  );
});

describe("a fallback with steps for certain failures", () => {
  const refusal = (message: string): ProviderFault => ({
    kind: "status",
    status: 400,
    body: { error: { message, type: "invalid_request_error" } },
  });
  test.each([
    ["a full context window", refusal("maximum context length is 8192 tokens"), "larger"],
    ["a refusal by policy", refusal("blocked by content filtering policy"), "permissive"],
    ["any other failure", failing, "any"],
  ] as const)("%s leads to its step", async (_name, fault, model) => {
    providers["openai-chat"].faults.push(fault);
    expect(await chat("typed")).toMatchObject({ status: 200, provider: "second", model });
  });

  const chunk = (delta: object, finish_reason: string | null) =>
    `data: ${JSON.stringify({ id: "x", choices: [{ index: 0, delta, finish_reason }] })}\n\n`;
  const declined = JSON.stringify({
    id: "x",
    choices: [{ index: 0, message: { content: "I" }, finish_reason: "content_filter" }],
  });
  const declinedStream = `${chunk({ content: "" }, null)}${chunk({}, "content_filter")}data: [DONE]\n\n`;
  const bytes = (text: string): ProviderFault => ({ kind: "bytes", bytes: text });

  test("a response that its provider declines to give leads to the step for that", async () => {
    providers["openai-chat"].faults.push(bytes(declined));
    expect(await chat("typed")).toMatchObject({ text: "Second", model: "permissive" });
    providers["openai-chat"].faults.push(bytes(declinedStream));
    const { text } = await streamOf("typed");
    expect(text).toContain('"delta":"Sec');
    expect(text).not.toContain("content_filter");
  });

  test("relayed ones do, too; one that was begun is passed on as it is", async () => {
    const messages = [{ role: "user", content: "x" }];
    const asked = { model: "typed", stream: true, messages };
    providers["openai-chat"].faults.push(bytes(declinedStream));
    const elsewhere = await stream("/v1/chat/completions", asked);
    expect(elsewhere.text).toContain("Sec");
    const begun = chunk({ content: "I" }, null) + declinedStream;
    providers["openai-chat"].faults.push(bytes(begun));
    expect((await stream("/v1/chat/completions", asked)).text).toBe(begun);
  });

  test("without such a step it is a response like any other, whole and as a stream", async () => {
    providers["openai-chat"].faults.push(bytes(declined), bytes(declinedStream));
    const route = "openai-chat-then-second";
    expect(await chat(route)).toMatchObject({ status: 200, text: "I", attempts: "1" });
    expect((await streamOf(route)).text).toContain("content_filter");
  });

  test("whoever is asked last is heard, even if it declines as well", async () => {
    providers["openai-chat"].faults.push(bytes(declined));
    providers.second.faults.push(bytes(declined));
    expect(await chat("typed")).toMatchObject({ status: 200, text: "I", model: "permissive" });
  });

  test("a request that is wrong is wrong everywhere", async () => {
    providers["openai-chat"].faults.push(refusal("messages: too few"));
    expect(await chat("typed")).toMatchObject({ text: "BACKEND_REJECTED", attempts: "1" });
  });
});

test("a hedge asks a second endpoint after a silence, and ends the call of the first", async () => {
  providers["openai-chat"].faults.push({ kind: "stall" });
  const before = providers["openai-chat"].abortedAtMs.length;
  expect(await chat("hedged")).toMatchObject({ text: "Second", provider: "second", attempts: "2" });
  await expect.poll(() => providers["openai-chat"].abortedAtMs.length).toBe(before + 1);
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  expect(metrics).toContain('load_balancer_extra_attempts_total{kind="hedge"} 1');
});

describe("each time-out has a reason of its own:", () => {
  test("the first token of a stream", async () => {
    providers["openai-chat"].illness = { kind: "stall" };
    const { text } = await streamOf("openai-chat/double");
    expect(text).toContain("BACKEND_FIRST_TOKEN_TIMEOUT");
  });

  test("the time between two tokens", async () => {
    providers["openai-chat"].illness = { kind: "stall_after", frames: 2 };
    const { text } = await streamOf("openai-chat/double");
    expect(text).toContain('"delta":');
    expect(text).toContain("BACKEND_IDLE_TIMEOUT");
  });

  test("a whole response", async () => {
    providers["openai-chat"].illness = { kind: "stall" };
    expect(await chat("brief/double")).toMatchObject({ text: "BACKEND_TOTAL_TIMEOUT" });
  });
});

describe("a stream that waits for its first token", () => {
  const openai = { model: "openai-chat-then-second", stream: true };
  const messages = [{ role: "user", content: "x" }];
  const surfaces = [
    [
      "REST",
      "/api/v1/chat:stream",
      { message: "x", model_preference: openai.model },
      ": keep-alive\n\n",
    ],
    ["OpenAI", "/v1/chat/completions", { ...openai, messages }, ": keep-alive\n\n"],
    ["OpenAI Responses", "/v1/responses", { ...openai, input: "x" }, ": keep-alive\n\n"],
    ["Anthropic", "/v1/messages", { ...openai, max_tokens: 9, messages }, "event: ping\n"],
    [
      "Gemini",
      `/v1beta/models/${openai.model}:streamGenerateContent?alt=sse`,
      { contents: [{ parts: [{ text: "x" }] }] },
      ": keep-alive\n\n",
    ],
  ] as const;
  test.each(surfaces)(
    "of %s carries signs of life, and still goes elsewhere after them",
    async (_name, path, body, sign) => {
      providers["openai-chat"].faults.push({ kind: "stall" });
      const { status, text } = await stream(path, body);
      expect(status).toBe(200);
      expect(text.indexOf(sign)).toBeGreaterThanOrEqual(0);
      expect(text.indexOf(sign)).toBeLessThan(text.indexOf("Sec"));
      expect(text).not.toContain("Hello");
    },
  );
});
