/** Traces through a whole gateway: context in by every surface, out by every hop, spans as a collector reads them. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createClient, type Interceptor, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { attributesOf, type CollectorDouble, startCollector } from "../support/collector-double.ts";
import { type CoreServer, startCoreServer } from "../support/core-server.ts";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startHook } from "../support/hook-double.ts";
import { type HttpCoreDouble, startHttpCore } from "../support/http-core-double.ts";
import { missingProgram, testWith } from "../support/needs.ts";
import { type OipDouble, startOip } from "../support/oip-double.ts";
import { scraping, startPrometheus } from "../support/prometheus.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

let collector: CollectorDouble;
let core: CoreServer;
let httpCore: HttpCoreDouble;
let openai: ProviderDouble;
let ill: ProviderDouble;
let oip: OipDouble;
let gateway: RunningGateway;

beforeAll(async () => {
  collector = await startCollector();
  core = await startCoreServer(createAgent(plainAgent, { clock: systemClock, rng: systemRng }));
  httpCore = await startHttpCore("hello");
  openai = await startProvider("openai-chat");
  ill = await startProvider("anthropic");
  oip = await startOip();
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { anonymous_scopes: [admin] }
tracing: { resource: { deployment.environment.name: test } }
cores: [{ url: "${core.url}" }]
load_balancer: { retry_attempts: 1 }
providers:
  gpu: { dialect: openai, base_url: "${openai.url}", api_key: secret-of-gpu }
  claude: { dialect: anthropic, base_url: "${ill.url}", api_key: secret-of-claude }
routes:
  careful: { fallback: [{ provider: claude, model: small }, { provider: gpu, model: double }] }
model_servers: { triton: { protocol: oip, endpoints: [{ url: "${oip.grpcUrl}" }] } }
`,
    env: {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: "authorization=Bearer%20collectors-key",
      OTEL_SERVICE_NAME: "front",
    },
  });
}, 60_000);

afterAll(async () => {
  for (const one of [gateway, core, httpCore, openai, ill, oip, collector]) {
    await one?.[Symbol.asyncDispose]();
  }
});

let traces = 0;

/** The context of a client that nobody else has. */
function freshContext(flags = "01") {
  traces += 1;
  const traceId = traces.toString(16).padStart(32, "a");
  const spanId = traces.toString(16).padStart(16, "b");
  const traceparent = `00-${traceId}-${spanId}-${flags}`;
  return { traceId, spanId, fields: { traceparent, tracestate: "vendor=kept,other=1" } };
}

async function post(
  path: string,
  body: object,
  headers: Record<string, string>,
  url = gateway.url,
) {
  const response = await fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, text: await response.text() };
}

const told = (fields: Readonly<Record<string, unknown>> | undefined) => {
  const [, traceId, spanId, flags] = String(fields?.traceparent).split("-");
  return { traceId, spanId, flags, tracestate: fields?.tracestate };
};

/** The spans that a backend was told of, in the order of its requests for a trace. */
const toldOf = (
  traceId: string,
  requests: readonly { readonly headers: Readonly<Record<string, unknown>> }[],
) =>
  requests
    .map(({ headers }) => told(headers))
    .filter((context) => context.traceId === traceId)
    .map(({ spanId }) => spanId);

const withFields =
  (fields: Record<string, string>): Interceptor =>
  (next) =>
  (request) => {
    for (const [name, value] of Object.entries(fields)) request.header.set(name, value);
    return next(request);
  };

const messages = [{ role: "user", content: "hello" }];

type Send = (fields: Record<string, string>) => Promise<unknown>;
const rpc =
  (transport: (options: { baseUrl: string; interceptors: Interceptor[] }) => Transport): Send =>
  (fields) =>
    createClient(
      ChatService,
      transport({ baseUrl: gateway.url, interceptors: [withFields(fields)] }),
    ).chat({ message: "hello" });

const surfaces: Readonly<Record<string, { readonly send: Send; readonly name: string }>> = {
  gRPC: {
    send: rpc((options) => createGrpcTransport(options)),
    name: "polygate.v1.ChatService/Chat",
  },
  "gRPC-Web": {
    send: rpc((options) => createGrpcWebTransport({ ...options, httpVersion: "1.1" })),
    name: "polygate.v1.ChatService/Chat",
  },
  Connect: {
    send: rpc((options) => createConnectTransport({ ...options, httpVersion: "1.1" })),
    name: "polygate.v1.ChatService/Chat",
  },
  REST: {
    send: (fields) => post("/api/v1/chat", { message: "hello" }, fields),
    name: "POST /api/v1/chat",
  },
  WebSocket: { send: overWebSocket, name: "GET /api/v1/chat:stream" },
  OpenAI: {
    send: (fields) =>
      post("/v1/chat/completions", { model: "polyagent-reference-1", messages }, fields),
    name: "POST /v1/chat/completions",
  },
};

async function overWebSocket(fields: Record<string, string>): Promise<void> {
  const url = `${gateway.url.replace("http", "ws")}/api/v1/chat:stream`;
  // Node's own extension of the constructor: fields of the handshake.
  const socket = new WebSocket(url, { headers: fields } as unknown as string[]);
  socket.addEventListener("open", () => socket.send('{"message":"hello"}'));
  await once(socket, "close");
}

// Spans wait a second for others: those who wait for spans of their own wait side by side.
describe.concurrent.each(Object.entries(surfaces))("a call over %s", (surface, { send, name }) => {
  test("goes on with its client's trace, and tells the core of its own span", async () => {
    const { traceId, spanId, fields } = freshContext();
    await send(fields);
    const [server, tried] = await collector.trace(traceId, 2);
    expect(server).toMatchObject({ name, kind: "SERVER", parentSpanId: spanId, failed: false });
    expect(tried).toMatchObject({ kind: "CLIENT", parentSpanId: server?.spanId });
    expect(tried?.name).toMatch(/^chat( polyagent-reference-1)?$/);
    expect(tried?.traceState).toBe("vendor=kept,other=1");
    const metadata = core.headers.findLast(({ traceparent }) =>
      String(traceparent).includes(traceId),
    );
    expect(told(metadata)).toEqual({
      traceId,
      spanId: tried?.spanId,
      flags: "01",
      tracestate: "vendor=kept,other=1",
    });
    if (surface === "gRPC") {
      expect(server?.attributes).toMatchObject({
        "rpc.system.name": "grpc",
        "rpc.method": "polygate.v1.ChatService/Chat",
        "rpc.status_code": "OK",
        "polygate.surface": "rpc",
      });
    }
    if (surface === "Connect") {
      expect(server?.attributes).toMatchObject({ "rpc.system.name": "connectrpc" });
      expect(server?.attributes).not.toHaveProperty("rpc.status_code");
    }
    if (surface === "OpenAI") {
      expect(server?.attributes).toMatchObject({
        "http.request.method": "POST",
        "http.route": "/v1/chat/completions",
        "http.response.status_code": 200,
        "url.path": "/v1/chat/completions",
        "url.scheme": "http",
      });
    }
  });
});

describe.concurrent("tries", () => {
  test("have a span each, which says where it went, what became of it, and what a model did", async () => {
    const { traceId, fields } = freshContext();
    ill.illness = { kind: "status", status: 503, body: {} };
    const body = { model: "careful", messages };
    const { status } = await post("/v1/chat/completions", body, fields);
    expect(status).toBe(200);
    const [server, ...tries] = await collector.trace(traceId, 3);
    const [first, second] = tries;
    expect(server?.attributes).toMatchObject({
      "polygate.attempts": 2,
      "polygate.model": "double",
    });
    expect(first).toMatchObject({
      name: "chat small",
      kind: "CLIENT",
      parentSpanId: server?.spanId,
      failed: true,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "claude",
        "gen_ai.request.model": "small",
        "polygate.pool": "claude",
        "polygate.attempt": 1,
        "polygate.route": "careful",
        "error.type": "BACKEND_OVERLOADED",
      },
    });
    expect(second).toMatchObject({
      name: "chat double",
      kind: "CLIENT",
      parentSpanId: server?.spanId,
      failed: false,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "gpu",
        "gen_ai.request.model": "double",
        "gen_ai.response.model": "double",
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 5,
        "polygate.attempt": 2,
      },
    });
    expect(toldOf(traceId, ill.received)).toEqual([first?.spanId]);
    expect(toldOf(traceId, openai.received)).toEqual([second?.spanId]);
  });

  test("of a stream say when its first piece came", async () => {
    const { traceId, fields } = freshContext();
    const body = { model: "gpu/double", stream: true, messages };
    await post("/v1/chat/completions", body, fields);
    const [, tried] = await collector.trace(traceId, 2);
    expect(tried?.attributes["gen_ai.response.time_to_first_chunk"]).toBeGreaterThan(0);
    expect(tried?.attributes["gen_ai.response.finish_reasons"]).toEqual(["stop"]);
  });

  test.each(["gRPC", "HTTP"])("of a model server by %s pass the context on", async (wire) => {
    const url = wire === "gRPC" ? oip.grpcUrl : oip.httpUrl;
    await using other = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
tracing: { endpoint: "${collector.url}" }
model_servers: { triton: { protocol: oip, endpoints: [{ url: "${url}" }] } }
`,
    });
    const { traceId, fields } = freshContext();
    const inputs = [{ name: "x", datatype: "FP32", shape: [1], data: [2] }];
    const { status } = await post("/predict/half_plus_two", { inputs }, fields, other.url);
    expect(status).toBe(200);
    const [server, tried] = await collector.trace(traceId, 2);
    expect(tried).toMatchObject({ name: "infer half_plus_two", kind: "CLIENT" });
    const inferred = oip.heads.filter(({ path }) => /infer/i.test(path));
    expect(toldOf(traceId, inferred)).toEqual([tried?.spanId]);
    expect(tried?.parentSpanId).toBe(server?.spanId);
  });

  test("of a core over HTTP pass the context on", async () => {
    await using other = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
tracing: { endpoint: "${collector.url}" }
cores: [{ url: "${httpCore.url}", protocol: http }]
`,
    });
    const { traceId, fields } = freshContext();
    await post("/api/v1/chat", { message: "hello" }, fields, other.url);
    const [, tried] = await collector.trace(traceId, 2);
    expect(toldOf(traceId, httpCore.received)).toEqual([tried?.spanId]);
  });

  test("in this process are told to nobody", async () => {
    const { traceId, fields } = freshContext();
    const response = await fetch(`${gateway.url}/predict/digits`, {
      method: "POST",
      headers: { "content-type": "image/png", ...fields },
      body: readFileSync(digitImage(7)),
    });
    expect(response.status).toBe(200);
    const [server, tried] = await collector.trace(traceId, 2);
    expect(tried).toMatchObject({ name: "infer digits", kind: "INTERNAL" });
    expect(tried?.parentSpanId).toBe(server?.spanId);
  });
});

test("hooks at an address are told of the call's span", async () => {
  await using hook = await startHook();
  await using other = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
tracing: { endpoint: "${collector.url}" }
cores: [{ url: "${httpCore.url}", protocol: http }]
hooks: [{ name: guard, url: "${hook.url}" }]
`,
  });
  const { traceId, fields } = freshContext();
  await post("/api/v1/chat", { message: "hello" }, fields, other.url);
  const [server] = await collector.trace(traceId, 2);
  const contexts = hook.heads.map(told);
  expect(contexts.length).toBe(2);
  for (const context of contexts) {
    expect(context).toMatchObject({ traceId, spanId: server?.spanId });
  }
});

describe("a call", () => {
  test("without a context begins a trace, which its log line and its core know", async () => {
    const id = "a-call-without-a-context";
    await post("/api/v1/chat", { message: "hello" }, { "x-request-id": id });
    const line = await gateway.line(({ request_id, msg }) => request_id === id && msg === "call");
    const spans = await collector.trace(String(line.trace_id), 2);
    expect(spans[0]).toMatchObject({ parentSpanId: "", spanId: line.span_id });
    expect(spans[0]?.attributes["polygate.request_id"]).toBe(id);
    const decision = await gateway.line(
      ({ request_id, msg }) => request_id === id && msg === "Load balancing decision",
    );
    expect(decision).toMatchObject({ trace_id: line.trace_id, span_id: spans[1]?.spanId });
    const kept = await fetch(`${gateway.url}/api/v1/requests/${id}`);
    expect(await kept.json()).toMatchObject({ request: { trace_id: line.trace_id } });
    const metadata = core.headers.findLast(({ "x-request-id": sent }) => sent === id);
    expect(told(metadata)).toMatchObject({ traceId: line.trace_id, spanId: spans[1]?.spanId });
  });

  test("whose client does not record it is not recorded, and its context passed on as it came", async () => {
    const { traceId, spanId, fields } = freshContext("00");
    await post("/api/v1/chat", { message: "hello" }, fields);
    const metadata = core.headers.findLast(({ traceparent }) =>
      String(traceparent).includes(traceId),
    );
    expect(told(metadata)).toMatchObject({ traceId, spanId, flags: "00" });
    const later = freshContext();
    await post("/api/v1/chat", { message: "hello" }, later.fields);
    await collector.trace(later.traceId, 2);
    expect(collector.spans.filter((span) => span.traceId === traceId)).toEqual([]);
  });

  const long = `00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01${"-x".repeat(4_000)}`;
  test.each([
    { what: "is empty", traceparent: "" },
    { what: "is no context", traceparent: "00-zz" },
    {
      what: "has no trace",
      traceparent: "00-00000000000000000000000000000000-b7ad6b7169203331-01",
    },
    {
      what: "has no parent",
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
    },
    {
      what: "is of no version",
      traceparent: "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    },
    { what: "goes on for 8 kB", traceparent: long },
  ])("whose traceparent $what begins a trace", async ({ traceparent }) => {
    const id = `bad-context-${traces}`;
    traces += 1;
    const headers = { traceparent, tracestate: "a=b", "x-request-id": id };
    const { status } = await post("/api/v1/chat", { message: "hello" }, headers);
    expect(status).toBe(200);
    const metadata = core.headers.findLast(({ "x-request-id": sent }) => sent === id);
    expect(told(metadata).traceId).not.toBe("0af7651916cd43dd8448eb211c80319c");
    expect(told(metadata).tracestate).toBeUndefined();
  });

  test("that fails for its caller has a reason and no failed status; what it holds stays out", async () => {
    const { traceId, fields } = freshContext();
    const secret = "planted-prompt-and-key";
    const headers = { ...fields, authorization: `Bearer ${secret}`, cookie: secret };
    const body = {
      model: `nobodys-${secret.length}`,
      messages: [{ role: "user", content: secret }],
    };
    const { status } = await post(`/v1/chat/completions?key=${secret}`, body, headers);
    expect(status).toBeGreaterThanOrEqual(400);
    const [server] = await collector.trace(traceId, 1);
    expect(server?.failed).toBe(false);
    expect(server?.attributes["error.type"]).toBe(String(status));
    expect(JSON.stringify(collector.spans)).not.toContain(secret);
    expect(JSON.stringify(collector.spans)).not.toContain("secret-of-");
  });
});

describe("a listener", () => {
  const yaml = (more: string) => `
listeners:
  - { name: open, host: 127.0.0.1, port: 0 }
  - { name: public, host: 127.0.0.1, port: 0, trace_context: none }
cores: [{ url: "${core.url}" }]
tracing: { endpoint: "${collector.url}"${more} }
`;

  test("that trusts no context begins a trace with a link to it", async () => {
    await using other = await startTestGateway({ yaml: yaml("") });
    const { traceId, spanId, fields } = freshContext();
    const headers = { ...fields, "x-request-id": "linked" };
    await post("/api/v1/chat", { message: "hello" }, headers, other.urls.public);
    const line = await other.line(
      ({ request_id, msg }) => request_id === "linked" && msg === "call",
    );
    expect(line.trace_id).not.toBe(traceId);
    const [server, tried] = await collector.trace(String(line.trace_id), 2);
    expect(server).toMatchObject({ parentSpanId: "", links: [{ traceId, spanId }] });
    expect(tried?.traceState).toBe("");
  });

  test("lets no client record more than so many calls a second", async () => {
    const more = ", sampler: parentbased_always_off, sampled_parents: 2";
    await using other = await startTestGateway({ yaml: yaml(more) });
    const contexts = Array.from({ length: 30 }, () => freshContext());
    await Promise.all(
      contexts.map(({ fields }) =>
        post("/api/v1/chat", { message: "hello" }, fields, other.urls.open),
      ),
    );
    const page = await (await fetch(`${other.url}/metrics`)).text();
    const [, limited] = /gateway_trace_parents_limited_total (\d+)/.exec(page) ?? [];
    // As many seconds as the calls took had two each.
    expect(Number(limited)).toBeGreaterThan(10);
    await other[Symbol.asyncDispose]();
    const wanted = new Set(contexts.map(({ traceId }) => traceId));
    const recorded = collector.spans.filter(({ traceId }) => wanted.has(traceId));
    expect(recorded).toHaveLength(2 * (30 - Number(limited)));
  });
});

describe("the collector", () => {
  test("is told who sends, by the names of OpenTelemetry", () => {
    expect(collector.headers[0]).toMatchObject({
      authorization: "Bearer collectors-key",
      "content-type": "application/x-protobuf",
    });
    const [resource] = collector.requests[0]?.resourceSpans ?? [];
    expect(attributesOf(resource?.resource?.attributes ?? [])).toMatchObject({
      "service.name": "front",
      "deployment.environment.name": "test",
      "telemetry.sdk.language": "nodejs",
    });
    expect(resource?.scopeSpans[0]?.scope?.name).toBe("polygate");
    expect(resource?.schemaUrl).toMatch(/^https:\/\/opentelemetry\.io\/schemas\//);
  });

  test("is sent to by gRPC as well, and gets what is left when the gateway stops", async () => {
    const { traceId, fields } = freshContext();
    {
      await using other = await startTestGateway({
        yaml: `
gateway: { host: 127.0.0.1, port: 0 }
tracing: { traces_endpoint: "${collector.grpcUrl}", protocol: grpc, headers: { x-tenant: mine } }
`,
      });
      await post("/api/v1/chat", { message: "hello" }, fields, other.url);
    }
    const spans = collector.spans.filter((span) => span.traceId === traceId);
    expect(spans.map(({ kind }) => kind)).toEqual(["SERVER", "INTERNAL"]);
    expect(collector.headers.at(-1)).toMatchObject({ "x-tenant": "mine" });
  });

  test("that is away costs no call, and its spans are counted", async () => {
    await using other = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
tracing: { endpoint: "http://127.0.0.1:1" }
`,
    });
    const { status } = await post("/api/v1/chat", { message: "hello" }, {}, other.url);
    expect(status).toBe(200);
    const line = await other.line(({ msg }) => msg === "traces cannot be exported");
    expect(line.level).toBe("warn");
  });

  test("that there is none of leaves contexts as they came", async () => {
    await using other = await startTestGateway({
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
cores: [{ url: "${core.url}" }]
`,
      env: { OTEL_TRACES_EXPORTER: "none" },
    });
    const { traceId, spanId, fields } = freshContext();
    await post("/api/v1/chat", { message: "hello" }, fields, other.url);
    expect(told(core.headers.at(-1))).toMatchObject({ traceId, spanId, flags: "01" });
    await post("/api/v1/chat", { message: "hello" }, {}, other.url);
    expect(core.headers.at(-1)).not.toHaveProperty("traceparent");
  });
});

describe("metrics", () => {
  test("lead to traces in the form of OpenMetrics, and have no exemplars in any other", async () => {
    const { traceId, fields } = freshContext();
    await post("/api/v1/chat", { message: "hello" }, fields);
    const [server] = await collector.trace(traceId, 2);
    const page = async (accept: string) => {
      const response = await fetch(`${gateway.url}/metrics`, { headers: { accept } });
      return { type: response.headers.get("content-type"), text: await response.text() };
    };
    const open = await page("application/openmetrics-text;version=1.0.0,text/plain;q=0.5");
    expect(open.type).toBe("application/openmetrics-text; version=1.0.0; charset=utf-8");
    expect(open.text).toMatch(/\n# EOF\n$/);
    expect(open.text).toMatch(/^# TYPE http_requests counter$/m);
    expect(open.text).toMatch(/^http_requests_total\{/m);
    const exemplar = `# {trace_id="${traceId}",span_id="${server?.spanId}"}`;
    const holders = open.text.split("\n").filter((line) => line.includes(exemplar));
    const families = new Set(holders.map((line) => line.slice(0, line.indexOf("{"))));
    expect([...families]).toEqual(
      expect.arrayContaining([
        "gateway_request_duration_seconds_bucket",
        "grpc_server_handling_seconds_bucket",
        "http_request_duration_seconds_bucket",
      ]),
    );
    const plain = await page("text/plain");
    expect(plain.type).toContain("text/plain");
    expect(plain.text).not.toContain("trace_id");
  });

  testWith(missingProgram("prometheus"))("give Prometheus its exemplars", async () => {
    const { traceId, fields } = freshContext();
    await post("/api/v1/chat", { message: "hello" }, fields);
    await collector.trace(traceId, 2);
    await using prometheus = await startPrometheus({ "prometheus.yml": scraping(gateway.url) });
    const found = await prometheus.traceIds("http_request_duration_seconds_bucket");
    expect(found).toContain(traceId);
  });
});
