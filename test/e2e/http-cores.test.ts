/** Cores over HTTP and services of questions behind a whole gateway: every protocol, every failure, and health. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcWebTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { seededRng } from "#core/rng.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { startCoreServer } from "../support/core-server.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type HttpCoreDouble, startHttpCore } from "../support/http-core-double.ts";
import { fromSource, startProcess } from "../support/polygate-process.ts";
import { grpcTo, transports as usual } from "../support/transports.ts";

const transports = {
  ...usual,
  "gRPC-Web": (baseUrl: string) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
};

const key = "a-key-that-is-long-enough";
/** A busy machine is given time. */
const patient = { timeout: 10_000 };

let gateway: RunningGateway;
let twin: HttpCoreDouble;
let agents: HttpCoreDouble;
let knowledge: HttpCoreDouble;

beforeAll(async () => {
  twin = await startHttpCore("I am the twin");
  agents = await startHttpCore("I am the agent controller");
  knowledge = await startHttpCore("I am the knowledge system");
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0, health_check_timeout: 10s }
load_balancer: { retry_attempts: 1, ejection_time: 50ms, health_check_interval: 1h }
`,
    env: {
      TWIN_URL: twin.url,
      AGENT_CONTROLLER_URL: agents.url,
      KNOWLEDGE_SYSTEM_URL: knowledge.url,
    },
  });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const core of [twin, agents, knowledge]) await core[Symbol.asyncDispose]();
});

beforeEach(async () => {
  for (const core of [twin, agents, knowledge]) core.next.length = 0;
  // A call that goes well shows that each is sound again, whatever the test before did to it.
  await expect.poll(async () => (await query()).body.routed_via, patient).toBe("agent_controller");
  for (const core of [twin, agents, knowledge]) core.received.length = 0;
});

async function post(path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

async function query(more: object = {}) {
  const { status, headers, text } = await post("/v1/query", { query: "Why?", ...more });
  const body = JSON.parse(text) as {
    readonly response?: string;
    readonly routed_via?: string;
    readonly error?: { readonly code: string; readonly message: string };
  };
  return { status, headers, body };
}

describe("a chat goes to the twin", () => {
  test("by REST, in its own words and nobody's credential", async () => {
    const chat = { message: "hello", session_id: "s-1", context: "the user is new" };
    const answer = await post("/v1/chat", chat, {
      authorization: `Bearer ${key}`,
      "x-request-id": "request-1",
    });
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([
      200,
      {
        response: "I am the twin",
        model_used: "double-1",
        usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
        tools_called: ["search"],
      },
    ]);
    expect(answer.headers.get("x-polygate-provider")).toBe("polyagent");
    const [call] = twin.received;
    expect(call?.path).toBe("/v1/chat");
    expect(call?.body).toEqual({
      message: "hello",
      context: "the user is new",
      session_id: "s-1",
      conversation_id: "s-1",
    });
    expect(call?.headers["x-request-id"]).toBe(answer.headers.get("x-request-id"));
    expect(JSON.stringify(call?.headers)).not.toContain(key);
    expect([agents.received, knowledge.received]).toEqual([[], []]);
  });

  test.each(Object.entries(transports))("by %s, whole and in pieces", async (_name, to) => {
    const client = createClient(ChatService, to(gateway.url));
    expect(await client.chat({ message: "hello" })).toMatchObject({ response: "I am the twin" });
    const pieces = await Array.fromAsync(client.streamChat({ message: "hello" }));
    expect(pieces.map(({ delta }) => delta).join("")).toBe("I am the twin");
    expect(pieces.at(-1)).toMatchObject({
      ...{ done: true, finishReason: "stop", modelUsed: "double-1" },
      usage: { totalTokens: 8 },
    });
  });

  test("by events over REST", async () => {
    const { text } = await post("/v1/chat", { message: "hello", stream: true });
    expect(text).toContain("I am the twin");
    expect(text).toContain('"done":true');
  });

  test("by OpenAI's API", async () => {
    const messages = [{ role: "user", content: "hello" }];
    const { status, text } = await post("/v1/chat/completions", { model: "any", messages });
    expect([status, JSON.parse(text)]).toMatchObject([
      200,
      { choices: [{ message: { content: "I am the twin" }, finish_reason: "stop" }] },
    ]);
  });

  test("is refused by the name of what the twin cannot be told", async () => {
    const image = { data: "AAAA", media_type: "image/png" };
    const messages = [{ role: "user", content: "see", images: [image] }];
    const { status, text } = await post("/v1/chat", { messages });
    expect([status, JSON.parse(text)]).toMatchObject([
      400,
      {
        error: {
          code: "PARAMETER_UNSUPPORTED",
          message: expect.stringMatching(/^messages\[0\]\.parts\[1\]: /),
        },
      },
    ]);
    expect(twin.received).toEqual([]);
  });

  test("is tried again when the twin fails, and fails with its words when it refuses", async () => {
    twin.next.push({ status: 500, bytes: "Traceback: /srv/app.py" });
    const again = await post("/v1/chat", { message: "hello" });
    expect([again.status, again.headers.get("x-polygate-attempts")]).toEqual([200, "2"]);
    twin.next.push({ status: 422, bytes: JSON.stringify({ detail: "message is too long" }) });
    const refused = await post("/v1/chat", { message: "hello" });
    expect([refused.status, JSON.parse(refused.text)]).toMatchObject([
      400,
      { error: { code: "BACKEND_REJECTED", message: "message is too long" } },
    ]);
  });

  test("and tells no path or page of a twin that goes on failing", async () => {
    for (const _ of [1, 2]) twin.next.push({ status: 500, bytes: "<html>Traceback /srv/app.py" });
    const { status, text } = await post("/v1/chat", { message: "hello" });
    expect(status).toBe(500);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "BACKEND_FAILED" } });
    expect(text).not.toMatch(/srv|html/);
  });

  test.each(Object.entries(transports))(
    "by %s is given up with its deadline, and with its client",
    async (_name, to) => {
      const client = createClient(ChatService, to(gateway.url));
      twin.next.push("silence", "silence");
      const late = twin.givenUp();
      const error = await client
        .chat({ message: "x" }, { timeoutMs: 300 })
        .catch(ConnectError.from);
      expect((error as ConnectError).code).toBe(Code.DeadlineExceeded);
      await late;
      const left = twin.givenUp();
      const caller = new AbortController();
      const pending = client.chat({ message: "x" }, { signal: caller.signal });
      await expect.poll(() => twin.received.length, patient).toBe(2);
      caller.abort();
      await expect(pending).rejects.toMatchObject({ code: Code.Canceled });
      await left;
    },
  );
});

describe("a question goes to the agent controller", () => {
  test("by REST, in its own words", async () => {
    const options = { max_tokens: 1000, temperature: 0.7 };
    const answer = await query({ session_id: "s-1", options });
    expect([answer.status, answer.body]).toMatchObject([
      200,
      {
        response: "I am the agent controller",
        routed_via: "agent_controller",
        model_used: "double-1",
        processing_time_ms: expect.any(Number),
        usage: { total_tokens: 8 },
      },
    ]);
    expect(agents.received.map(({ path, body }) => ({ path, body }))).toEqual([
      { path: "/v1/query", body: { query: "Why?", session_id: "s-1", options } },
    ]);
    expect([twin.received, knowledge.received]).toEqual([[], []]);
  });

  test.each(Object.entries(transports))("by %s", async (_name, to) => {
    const client = createClient(ChatService, to(gateway.url));
    expect(await client.query({ query: "Why?" })).toMatchObject({
      response: "I am the agent controller",
      routedVia: "agent_controller",
    });
  });

  const illnesses: [string, Parameters<HttpCoreDouble["next"]["push"]>[0]][] = [
    ["fails", { status: 500, bytes: "{}" }],
    ["is overloaded", { status: 503, bytes: "{}" }],
    ["has no such path", { status: 404, bytes: `{"detail":"Not Found"}` }],
    ["does not admit the gateway", { status: 401, bytes: "{}" }],
    ["breaks off", "cut"],
    ["answers with a page", { status: 200, bytes: "<html>hello</html>" }],
    ["leads elsewhere", { status: 307, bytes: "", headers: { location: "http://127.0.0.1:1/" } }],
  ];
  test.each(illnesses)("and to the knowledge system when it %s", async (_name, illness) => {
    agents.next.push(illness);
    const { status, body, headers } = await query();
    expect([status, body]).toMatchObject([
      200,
      { response: "I am the knowledge system", routed_via: "knowledge_system" },
    ]);
    expect(headers.get("x-polygate-attempts")).toBe("2");
    expect(agents.received).toHaveLength(1);
    expect(knowledge.received.map(({ path, body: asked }) => ({ path, asked }))).toEqual([
      { path: "/v1/query", asked: { query: "Why?" } },
    ]);
    expect(twin.received).toEqual([]);
  });

  test("and to nobody else when the question itself is refused", async () => {
    agents.next.push({ status: 422, bytes: `{"detail":"query is too long"}` });
    const { status, body } = await query();
    expect([status, body]).toMatchObject([
      400,
      { error: { code: "BACKEND_REJECTED", message: "query is too long" } },
    ]);
    expect([knowledge.received, twin.received]).toEqual([[], []]);
  });

  test("and fails when both do: no core of chats stands in", async () => {
    for (const core of [agents, knowledge]) {
      for (const _ of [1, 2]) core.next.push({ status: 500, bytes: "{}" });
    }
    const { status, body } = await query();
    expect([status, body]).toMatchObject([500, { error: { code: "BACKEND_FAILED" } }]);
    expect(twin.received).toEqual([]);
  });
});

test("calls of cores over HTTP are in metrics, statistics and among backends", async () => {
  await query();
  twin.next.push({ json: { response: "by no model that it tells" } });
  await post("/v1/chat", { message: "hello" });
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text();
  for (const id of ["core-1", "agent_controller-1", "knowledge_system-1"]) {
    expect(metrics).toContain(`core_health_status{core_id="${id}",status="healthy"} 1`);
  }
  expect(metrics).toMatch(/load_balancer_requests_total\{[^}]*core="agent_controller-1"[^}]*\} \d/);
  const stats = (await (await fetch(`${gateway.url}/stats`)).json()) as { models: object };
  expect(Object.keys(stats.models)).toEqual(["double-1"]);
  expect(stats).toMatchObject({
    backends: { "core-1": { requests: expect.any(Number) }, "agent_controller-1": {} },
  });
});

describe("without services of questions", () => {
  test("questions go to the twin, which knows them as chats", async () => {
    await using alone = await startTestGateway({ env: { TWIN_URL: twin.url } });
    const answer = await fetch(`${alone.url}/v1/query`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ query: "Why?" }),
    });
    expect(await answer.json()).toMatchObject({
      response: "I am the twin",
      routed_via: "polyagent",
    });
    expect(twin.received.map(({ path, body }) => ({ path, body }))).toEqual([
      { path: "/v1/chat", body: { message: "Why?", use_tools: true } },
    ]);
  });
});

describe("a core that speaks gRPC", () => {
  const agent = createAgent(plainAgent, { clock: systemClock, rng: seededRng(1) });
  const chatAt = async (url: string) => {
    const response = await fetch(`${url}/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "echo hello" }),
    });
    return await response.json();
  };

  test.each(["http", "grpc"])("is called over gRPC at a TWIN_URL of %s://", async (scheme) => {
    await using core = await startCoreServer(agent);
    const url = core.url.replace("http", scheme);
    await using alone = await startTestGateway({ env: { TWIN_URL: url } });
    expect(await chatAt(alone.url)).toMatchObject({ response: "hello" });
    const health = await fetch(`${alone.url}/healthz`);
    expect(await health.json()).toMatchObject({
      status: "healthy",
      services: { twin: { status: "healthy", status_code: 200 } },
    });
  });

  test("is called over gRPC where its port answers HTTP/1.1 as well", async () => {
    await using core = await startProcess({ command: fromSource("core", "--port", "0") });
    const url = core.urls[0] ?? "";
    expect((await fetch(`${url}/health`)).status).toBe(404);
    await using alone = await startTestGateway({ env: { TWIN_URL: url } });
    expect(await chatAt(alone.url)).toMatchObject({ response: "hello" });
  });

  test("answers questions as a service of them", async () => {
    await using core = await startCoreServer(agent);
    await using alone = await startTestGateway({ env: { AGENT_CONTROLLER_URL: core.url } });
    const client = createClient(ChatService, grpcTo(alone.url));
    expect(await client.query({ query: "echo hello" })).toMatchObject({
      ...{ response: "hello", routedVia: "agent_controller" },
    });
  });
});

test("the file writes them as cores, each with what it speaks and what it is for", async () => {
  await using second = await startHttpCore("I am the second");
  await using alone = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
cores:
  - { url: "${twin.url}", protocol: http, service: twin }
  - { url: "${agents.url}", protocol: http, service: agent_controller }
  - { url: "${second.url}", protocol: http, service: agent_controller }
`,
  });
  const client = createClient(ChatService, grpcTo(alone.url));
  expect(await client.chat({ message: "hello" })).toMatchObject({ response: "I am the twin" });
  const said = [await client.query({ query: "Why?" }), await client.query({ query: "Why?" })];
  expect(new Set(said.map(({ response }) => response))).toEqual(
    new Set(["I am the agent controller", "I am the second"]),
  );
});

describe("health", () => {
  async function startIll() {
    const env = {
      TWIN_URL: twin.url,
      AGENT_CONTROLLER_URL: agents.url,
      KNOWLEDGE_SYSTEM_URL: knowledge.url,
    };
    agents.health = { "/health": 503 };
    knowledge.health = {};
    const ill = await startTestGateway({ env });
    return {
      url: ill.url,
      async [Symbol.asyncDispose]() {
        for (const core of [agents, knowledge]) core.health = { "/health": 200 };
        await ill[Symbol.asyncDispose]();
      },
    };
  }
  const healthAt = async (url: string) => (await fetch(url)).json();

  test("GET /healthz tells each service by name, with the status of its own answer", async () => {
    await using ill = await startIll();
    await expect
      .poll(() => healthAt(`${ill.url}/healthz`), patient)
      .toMatchObject({
        status: "degraded",
        services: {
          twin: { status: "healthy", status_code: 200, response_time_ms: expect.any(Number) },
          agent_controller: {
            ...{ status: "unhealthy", status_code: 503 },
            error: "the core's health check was answered with HTTP status 503",
          },
          knowledge_system: { status: "degraded", status_code: 404, error: "" },
        },
        gateway: { uptime_seconds: expect.any(Number), environment: "development" },
        cores: { available: 1, total: 1, health: [{ id: "core-1", status_code: 200 }] },
      });
    const led = await healthAt(`${ill.url}/status`);
    expect(led).toMatchObject({ services: { twin: { status: "healthy", status_code: 200 } } });
  });

  test("GET /api/v1/health lists services of questions beside the kinds of backends", async () => {
    await using ill = await startIll();
    await expect
      .poll(() => healthAt(`${ill.url}/api/v1/health`), patient)
      .toMatchObject({
        status: "degraded",
        services: {
          polyagent: { status: "healthy" },
          agent_controller: { status: "unhealthy", status_code: 503 },
          knowledge_system: { status: "degraded" },
          onnx: { status: "healthy" },
        },
      });
  });

  test("a kind of call that nobody answers is unhealthy, and a service that is away has no status", async () => {
    await using gone = await startHttpCore("x");
    await using alone = await startTestGateway({ env: { AGENT_CONTROLLER_URL: gone.url } });
    await gone.down();
    await expect
      .poll(() => healthAt(`${alone.url}/healthz`), patient)
      .toMatchObject({
        status: "unhealthy",
        services: {
          twin: { status: "healthy", status_code: 200 },
          agent_controller: { status: "unhealthy", error: "the core cannot be reached" },
          knowledge_system: { status: "disabled" },
        },
      });
    const told = (await healthAt(`${alone.url}/healthz`)) as {
      services: Record<string, Record<string, unknown>>;
    };
    expect(told.services.agent_controller).not.toHaveProperty("status_code");
    await gone.up();
  });

  test("GET /health tells the machine, what predicts and whether callers are limited", async () => {
    const expected = (limiter: string) => ({
      status: "healthy",
      uptime: expect.stringMatching(/^\d+h\d+m\d+s$/),
      memory: { rss_bytes: expect.any(Number) },
      disk: { total_bytes: expect.any(Number) },
      services: { backends: { tensorflow: false, onnx: true }, rate_limiter: limiter },
    });
    expect(await healthAt(`${gateway.url}/health`)).toMatchObject(expected("disabled"));
    await using limited = await startTestGateway({ env: { RATE_LIMIT_REQUESTS: "100" } });
    expect(await healthAt(`${limited.url}/health`)).toMatchObject(expected("enabled"));
  });

  test.each(Object.entries(transports))("has the three views by %s", async (_name, to) => {
    const client = createClient(HealthService, to(gateway.url));
    expect(await client.getHealth({})).toMatchObject({
      services: { agent_controller: { status: "healthy", statusCode: 200 } },
    });
    expect(await client.getServices({})).toMatchObject({
      services: {
        twin: { status: "healthy", statusCode: 200 },
        agentController: { status: "healthy", statusCode: 200 },
        knowledgeSystem: { status: "healthy", statusCode: 200 },
      },
    });
    expect(await client.getBackends({})).toMatchObject({
      services: { backends: { tensorflow: false, onnx: true }, rateLimiter: "disabled" },
    });
  });
});
