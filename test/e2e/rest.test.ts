/** The REST surface of the five services: the documented paths, shapes and streams. */

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";

let gateway: RunningGateway;
beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());

const get = (path: string, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, { headers });

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(gateway.url + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

const question = { message: "what is 12*7?", use_tools: true };

/** The data of each event of an SSE body. */
function events(text: string): Record<string, unknown>[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)));
}

describe("chat", () => {
  for (const path of ["/api/v1/chat", "/v1/chat"]) {
    test(`POST ${path} answers in the documented shape`, async () => {
      const answer = await post(path, question);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe("application/json");
      expect(await answer.json()).toMatchObject({
        response: expect.stringContaining("84"),
        model_used: "polyagent-reference-1",
        usage: {
          prompt_tokens: expect.any(Number),
          completion_tokens: expect.any(Number),
          total_tokens: expect.any(Number),
        },
        cost: 0,
        tools_called: ["calculator"],
        processing_time_ms: expect.any(Number),
      });
    });
  }

  test("field names are taken in both spellings", async () => {
    const { useTools, ...rest } = { ...question, useTools: true };
    const answer = await post("/api/v1/chat", { message: rest.message, useTools });
    expect(await answer.json()).toMatchObject({ tools_called: ["calculator"] });
  });

  for (const [path, body] of [
    ["/api/v1/chat:stream", question],
    ["/api/v1/chat", { ...question, stream: true }],
    ["/v1/chat", { ...question, stream: true }],
  ] as const) {
    test(`POST ${path} with ${JSON.stringify(body)} streams server-sent events`, async () => {
      const answer = await post(path, body);
      expect(answer.headers.get("content-type")).toContain("text/event-stream");
      const pieces = events(await answer.text());
      expect(pieces.map(({ delta }) => delta).join("")).toContain("84");
      expect(pieces.at(-1)).toMatchObject({ done: true, tools_called: ["calculator"] });
    });
  }

  test("a stream that was read to its end is a success of the core that gave it", async () => {
    const id = { "x-request-id": "whole-stream" };
    await (await post("/api/v1/chat:stream", question, id)).text();
    const line = await gateway.line(({ msg, request_id }) => {
      return msg === "[PERFORMANCE]" && request_id === "whole-stream";
    });
    expect(line).toMatchObject({ endpoint: "embedded", outcome: "OK" });
  });

  test("a stream is NDJSON or a JSON array when Accept asks for it", async () => {
    const lines = await post("/api/v1/chat:stream", question, { accept: "application/x-ndjson" });
    const pieces = (await lines.text())
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const array = await post("/api/v1/chat:stream", question, { accept: "application/json" });
    const whole = (await array.json()) as { done: boolean }[];
    expect(pieces).toHaveLength(whole.length);
    expect(whole.at(-1)?.done).toBe(true);
  });

  test("POST /v1/query answers and says which way it went", async () => {
    const answer = await post("/v1/query", { query: "what is 12*7?" });
    expect(await answer.json()).toMatchObject({
      response: expect.stringContaining("84"),
      routed_via: "embedded",
      processing_time_ms: expect.any(Number),
    });
  });
});

describe("predict", () => {
  const image = readFileSync(digitImage(3));

  for (const path of ["/predict/digits", "/predict/mnist", "/api/v1/models/digits:predict"]) {
    test(`POST ${path} takes an image as multipart`, async () => {
      const form = new FormData();
      form.set("file", new Blob([image], { type: "image/png" }), "three.png");
      const answer = await fetch(gateway.url + path, { method: "POST", body: form });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        model: "digits",
        version: "1",
        backend: "onnx",
        classifications: [{ label: "3", index: 3 }, {}, {}, {}, {}],
      });
    });
  }

  test("an image as multipart, as base64 and as tensor give the same scores", async () => {
    const form = new FormData();
    form.set("file", new Blob([image]), "three.png");
    form.set("include_outputs", "true");
    const byForm = await fetch(`${gateway.url}/predict/digits`, { method: "POST", body: form });
    const multipart = (await byForm.json()) as { classifications: object; outputs: object[] };
    const base64 = await post("/predict/digits", {
      file: image.toString("base64"),
      include_outputs: true,
    });
    expect(await base64.json()).toMatchObject({
      classifications: multipart.classifications,
      outputs: multipart.outputs,
    });

    const { default: sharp } = await import("sharp");
    const levels = await sharp(image).grayscale().raw().toBuffer();
    const data = [...levels].map((level) => (level / 255 - 0.1307) / 0.3081);
    const inputs = [{ name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data }];
    const tensor = await post("/predict/digits", { inputs, include_outputs: true });
    const answer = (await tensor.json()) as {
      classifications: { label: string; score: number }[];
      outputs: { data: number[] }[];
    };
    expect(answer.classifications[0]?.label).toBe("3");
    expect(answer.outputs[0]?.data).toHaveLength(10);
  });

  test("top_k bounds the labels", async () => {
    const answer = await post("/predict/digits", { file: image.toString("base64"), top_k: 2 });
    expect(((await answer.json()) as { classifications: object[] }).classifications).toHaveLength(
      2,
    );
  });
});

describe("models", () => {
  test("GET /api/v1/models lists chat and predict models", async () => {
    const { models } = (await (await get("/api/v1/models")).json()) as {
      models: { id: string; type: string; backend: string }[];
    };
    const byId = new Map(models.map((model) => [model.id, model]));
    expect(byId.get("polyagent-reference-1")).toMatchObject({ type: "chat", backend: "embedded" });
    expect(byId.get("digits")).toMatchObject({ type: "classification", backend: "onnx" });
  });

  test("GET /models groups them by backend", async () => {
    expect(await (await get("/models")).json()).toMatchObject({
      tensorflow: { models: [] },
      onnx: { models: { digits: { labels: ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"] } } },
      polyagent: { models: ["polyagent-reference-1"] },
    });
  });

  test("GET /api/v1/models/{model} finds a model by name and by alias", async () => {
    for (const name of ["digits", "mnist"]) {
      expect(await (await get(`/api/v1/models/${name}`)).json()).toMatchObject({ id: "digits" });
    }
  });

  test("unloading, loading and reloading are for operators", async () => {
    await using open = await startTestGateway({
      yaml: "gateway: { host: 127.0.0.1, port: 0 }\nauth: { anonymous_scopes: [admin] }",
    });
    const call = async (path: string) => {
      const answer = await fetch(open.url + path, { method: "POST" });
      return { status: answer.status, body: (await answer.json()) as Record<string, object> };
    };
    const refused = await post("/api/v1/models/digits:unload", {});
    expect(refused.status).toBe(403);
    expect(await call("/api/v1/models/digits:unload")).toMatchObject({
      body: { model: { state: "unloaded" } },
    });
    const form = new FormData();
    form.set("file", new Blob([readFileSync(digitImage(3))]), "three.png");
    const unloaded = await fetch(`${open.url}/predict/digits`, { method: "POST", body: form });
    expect([unloaded.status, await unloaded.json()]).toMatchObject([
      400,
      { error: { code: "MODEL_NOT_LOADED" } },
    ]);
    expect(await call("/api/v1/models/digits:load")).toMatchObject({
      body: { model: { state: "available" } },
    });
    expect(await call("/reload/mnist")).toMatchObject({ body: { model: { state: "available" } } });
  });
});

describe("health and stats", () => {
  for (const path of ["/api/v1/health", "/health", "/healthz"]) {
    test(`GET ${path} tells what was measured`, async () => {
      const answer = await get(path);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toMatchObject({
        status: "healthy",
        gateway: {
          uptime: expect.stringMatching(/^\d+h\d+m\d+s$/),
          version: expect.any(String),
          memory: { rss_bytes: expect.any(Number) },
          disk: { total_bytes: expect.any(Number) },
        },
        cores: { available: 1, total: 1, health: [{ id: "embedded", status: "healthy" }] },
        models: { digits: "available" },
        services: { embedded: { status: "healthy" }, onnx: { status: "healthy" } },
      });
    });
  }

  test("/status leads to /healthz", async () => {
    const answer = await fetch(`${gateway.url}/status`, { redirect: "manual" });
    expect([answer.status, answer.headers.get("location")]).toEqual([307, "/healthz"]);
  });

  test("GET /stats counts calls by method, backend and model", async () => {
    await post("/v1/query", { query: "hello" });
    const { methods, backends, models } = (await (await get("/stats")).json()) as Record<
      string,
      Record<string, { requests: number; tokens: number }>
    >;
    expect(methods?.["polygate.v1.ChatService/Query"]?.requests).toBeGreaterThanOrEqual(1);
    expect(backends?.embedded?.requests).toBeGreaterThanOrEqual(1);
    expect(models?.["polyagent-reference-1"]?.tokens).toBeGreaterThan(0);
  });

  test("GET /api/v1/stats:watch goes on until its client leaves", async () => {
    const leave = new AbortController();
    const { signal } = leave;
    const answer = await fetch(`${gateway.url}/api/v1/stats:watch?interval_ms=100`, { signal });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (events(text).length < 3) text += (await reader?.read())?.value ?? "";
    leave.abort();
    const line = await gateway.line(({ procedure, code }) => {
      return procedure === "polygate.v1.StatsService/WatchStats" && code === "CANCELLED";
    });
    expect(line.reason).toBe("CANCELLED");
  });

  test("GET /api/monitoring/performance tells the last hours", async () => {
    await post("/v1/query", { query: "hello" });
    const answer = await get("/api/monitoring/performance?hours=24");
    expect(await answer.json()).toMatchObject({
      hours: 24,
      provider_stats: { embedded: { success_rate: expect.any(Number) } },
      model_stats: { "polyagent-reference-1": { total_requests: expect.any(Number) } },
    });
  });
});

describe("pages", () => {
  test("/ says what this is", async () => {
    expect(await (await get("/")).json()).toMatchObject({
      name: "polygate",
      services: expect.arrayContaining(["polygate.v1.ChatService"]),
    });
  });

  test("/livez and /readyz answer machines", async () => {
    expect((await get("/livez")).status).toBe(200);
    expect((await get("/readyz")).status).toBe(200);
  });

  test("/metrics has every name of the contract", async () => {
    await post("/v1/query", { query: "hello" });
    await get("/healthz");
    const text = await (await get("/metrics")).text();
    const names = [
      "http_requests_total",
      "http_request_duration_seconds",
      "core_health_status",
      "core_response_time_ms",
      "rate_limit_hits_total",
      "rate_limit_blocks_total",
      "load_balancer_requests_total",
      "load_balancer_errors_total",
      "gateway_requests_total",
      "gateway_request_duration_seconds",
      "gateway_health_check_duration_seconds",
      "ai_gateway_total",
      "ai_gateway_errors_total",
      "ai_gateway_requests_total",
      "ai_gateway_request_duration_seconds",
    ];
    expect(names.filter((name) => !text.includes(`# TYPE ${name} `))).toEqual([]);
    expect(text).toMatch(/core_health_status\{core_id="embedded",status="healthy"\} 1/);
    expect(text).not.toContain("127.0.0.1");
  });
});

describe("detect", () => {
  interface Box {
    readonly x_min: number;
    readonly y_min: number;
    readonly x_max: number;
    readonly y_max: number;
  }
  const overlap = (a: Box, b: Box) => {
    const width = Math.min(a.x_max, b.x_max) - Math.max(a.x_min, b.x_min);
    const height = Math.min(a.y_max, b.y_max) - Math.max(a.y_min, b.y_min);
    const shared = Math.max(0, width) * Math.max(0, height);
    const area = ({ x_min, y_min, x_max, y_max }: Box) => (x_max - x_min) * (y_max - y_min);
    return shared / (area(a) + area(b) - shared);
  };
  const example = (name: string) =>
    readFileSync(new URL(`../../models/digit-detector/examples/${name}`, import.meta.url));

  for (const scene of ["scene-1", "scene-2"]) {
    test(`every digit of ${scene} is found where it is, in pixels of the picture that was sent`, async () => {
      const form = new FormData();
      form.set("file", new Blob([example(`${scene}.png`)]), "scene.png");
      const answer = await fetch(`${gateway.url}/predict/digit-detector`, {
        method: "POST",
        body: form,
      });
      const { detections } = (await answer.json()) as {
        detections: { label: string; score: number; box: Box }[];
      };
      const truth: (Box & { label: string })[] = JSON.parse(example(`${scene}.json`).toString());
      const labels = (found: readonly { label: string }[]) =>
        found.map(({ label }) => Number(label)).sort((a, b) => a - b);
      expect(labels(detections)).toEqual(labels(truth));
      for (const digit of truth) {
        const best = Math.max(
          ...detections
            .filter(({ label }) => label === digit.label)
            .map(({ box }) => overlap(box, digit)),
        );
        expect(best, `the ${digit.label}`).toBeGreaterThan(0.5);
      }
    });
  }
});

test("query parameters named in rest.ignored_query_parameters are passed over, others still refused", async () => {
  await using own = await startTestGateway({
    yaml: "gateway: { host: 127.0.0.1, port: 0 }\nrest: { ignored_query_parameters: ['utm_*'] }",
  });
  const passed = await fetch(`${own.url}/api/v1/models?utm_source=mail`);
  expect(passed.status).toBe(200);
  const refused = await fetch(`${own.url}/api/v1/models?colour=red`);
  expect(refused.status).toBe(400);
  expect(await refused.text()).toContain("colour");
});
