/** A real Prometheus reads a gateway under load: no panel of any board is empty, and alerts reach a webhook by Alertmanager. */

import { cp, readFile } from "node:fs/promises";
import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { createAgent, plainAgent } from "#agent/agent.ts";
import { systemClock } from "#core/clock.ts";
import { systemRng } from "#core/rng.ts";
import { HistorySums } from "#history/bucket.ts";
import { SqliteHistory } from "#history/sqlite-store.ts";
import { hourMs } from "#history/store.ts";
import { startCoreServer } from "../support/core-server.ts";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import {
  boardVariables,
  filled,
  panelQueries,
  prometheusFolder,
  rulesFile,
} from "../support/monitoring-files.ts";
import { describeWith } from "../support/needs.ts";
import { gather } from "../support/onnx-models.ts";
import {
  missingPrometheus,
  type PrometheusServer,
  startAlertmanager,
  startPrometheus,
} from "../support/prometheus.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { missingRedis, type RedisServer, startRedis } from "../support/redis-server.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

const keys = {
  ann: "anns-key-that-is-long-enough",
  poor: "poors-key-that-is-long-enough",
  held: "helds-key-that-is-long-enough",
};

/** Two days of calls of a provider, so that there is something to forecast by. */
async function writePast(path: string): Promise<void> {
  await using store = new SqliteHistory(path);
  const thisHourMs = Math.floor(Date.now() / hourMs) * hourMs;
  const buckets = Array.from({ length: 48 }, (_, hour) => {
    const sums = new HistorySums();
    const startMs = thisHourMs - (48 - hour) * hourMs;
    const facts = { provider: "gpu", model: "double", wallMs: startMs, blame: undefined };
    for (let call = 0; call < 20 + (hour % 24); call += 1) {
      sums.add({ ...facts, latencyMs: 10, firstMs: undefined, tokens: 20, cost: 0.1 });
    }
    return { stepMs: hourMs, startMs, provider: "gpu", model: "double", sums };
  });
  await store.write(buckets);
}

interface Upstreams {
  readonly gpu: ProviderDouble;
  readonly lame: ProviderDouble;
  readonly core: string;
  readonly redis: RedisServer;
  readonly receiver: WebhookReceiver;
}

function yamlOf({ gpu, lame, core, redis, receiver }: Upstreams, folder: string): string {
  const prices = "prices: { double: { input: 1000, output: 1000 } }";
  return `
gateway: { host: 127.0.0.1, port: 0, health_check_timeout: 500ms }
load_balancer: { retry_attempts: 2, health_check_interval: 300ms, ejection_time: 200ms }
overload: { enabled: false }
auth:
  failures_per_minute: 0
  keys:
    - { name: ann, key: ${keys.ann} }
    - { name: poor, key: ${keys.poor}, budget: { usd: 0.001, on_exceeded: warn } }
    - { name: held, key: ${keys.held}, requests_per_minute: 1, burst: 1 }
redis: { url: "${redis.url}" }
history: { path: ${folder}/history.db }
models: { path: ${folder}/models, workers: 1, watch: 0s }
cores: [{ url: "${core}" }, { url: "http://127.0.0.1:1" }]
providers:
  gpu: { dialect: openai, base_url: "${gpu.url}", api_key: k, ${prices}, max_concurrent: 1, queue_max: 1, queue_wait: 5s }
  lame: { dialect: openai, base_url: "${lame.url}", api_key: k, ${prices} }
alerts:
  webhooks: [{ name: ops, url: "${receiver.url}" }]
  interval: 200ms
  error_rate: { for: 0s }
  down: { for: 0s }
`;
}

function caller({ url }: RunningGateway) {
  const send = async (path: string, init: RequestInit, key: string | undefined = keys.ann) => {
    const headers = new Headers(init.headers);
    if (key !== "") headers.set("authorization", `Bearer ${key}`);
    const response = await fetch(`${url}${path}`, { ...init, headers });
    await response.arrayBuffer();
    return response.status;
  };
  const post = (path: string, body: unknown, key?: string, more: Record<string, string> = {}) =>
    send(
      path,
      {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json", ...more },
      },
      key,
    );
  const messages = [{ role: "user", content: "Hi" }];
  return {
    post,
    chat: (model: string, more: object = {}, key?: string) =>
      post("/v1/chat/completions", { model, messages, ...more }, key),
    cached: () =>
      post("/v1/chat/completions", { model: "gpu/double", messages, seed: 7 }, keys.ann, {
        "x-polygate-cache": "use",
      }),
    async predict(image: Blob) {
      const body = new FormData();
      body.append("file", image);
      return await send("/predict/digits", { method: "POST", body });
    },
    /** Rows of a table by their numbers; there are three. */
    infer: (data: readonly number[]) =>
      post("/v2/models/rows/infer", {
        inputs: [{ name: "index", datatype: "INT64", shape: [data.length], data }],
      }),
    get: (path: string, key?: string) => send(path, { method: "GET" }, key),
    /** No request at all. */
    async garbage() {
      const { hostname, port } = new URL(url);
      const socket = connect(Number(port), hostname);
      socket.on("error", () => {});
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.end("nonsense\r\n\r\n");
      socket.resume();
      await closed;
    },
  };
}

describeWith(missingPrometheus ?? missingRedis)("a gateway that Prometheus reads", () => {
  const started = new AsyncDisposableStack();
  let folder: TemporaryFolder;
  let gateway: RunningGateway;
  let redis: RedisServer;
  let prometheus: PrometheusServer;
  let told: WebhookReceiver;

  beforeAll(async () => {
    folder = started.use(await temporaryFolder());
    await writePast(`${folder.path}/history.db`);
    await cp(new URL("../../models/digits", import.meta.url), `${folder.path}/models/digits`, {
      recursive: true,
    });
    const modelYaml = await readFile(`${folder.path}/models/digits/model.yaml`, "utf8");
    await folder.write("models/digits/model.yaml", `${modelYaml}\ncache: true\n`);
    await folder.write("models/rows/1/model.onnx", gather());
    const agent = createAgent(plainAgent, { clock: systemClock, rng: systemRng });
    const core = started.use(await startCoreServer(agent));
    const gpu = started.use(await startProvider("openai-chat"));
    const lame = started.use(await startProvider("openai-chat"));
    lame.illness = { kind: "status", status: 500 };
    redis = started.use(await startRedis());
    told = started.use(await startWebhookReceiver("/alerts"));
    const receiver = started.use(await startWebhookReceiver());
    const yaml = yamlOf({ gpu, lame, core: core.url, redis, receiver }, folder.path);
    gateway = started.use(await startTestGateway({ yaml }));
    const alertmanager = started.use(await startAlertmanager(await alertmanagerFile(told.url)));
    const target = new URL(gateway.url).host;
    prometheus = started.use(
      await startPrometheus({
        "prometheus.yml": prometheusFile(target, new URL(alertmanager.url).host),
        "rules.yml": rulesAtOnce(),
      }),
    );
    await load(gateway, { gpu, redis });
  }, 90_000);

  afterAll(async () => {
    await started.disposeAsync();
  }, 30_000);

  test("no panel is empty", async () => {
    const values = await variableValues();
    const empty: string[] = [];
    for (const { board, panel, expr } of panelQueries) {
      const found = await prometheus.query(filled(expr, values));
      const isNumber = ({ value }: (typeof found)[number]) => Number.isFinite(Number(value[1]));
      if (!found.some(isNumber)) empty.push(`${board}: ${panel}: ${expr}`);
    }
    expect(empty).toEqual([]);
  });

  test("every variable of a board has values", async () => {
    const values = await variableValues();
    for (const { board, name, selector, label } of boardVariables) {
      const found = await prometheus.labelValues(label, filled(selector, values));
      expect(found, `${board}: ${name}`).not.toEqual([]);
    }
  });

  test("the queries that the page gives to autoscalers have values", async () => {
    const page = await readFile("docs/monitoring.md", "utf8");
    const [block = ""] = [
      ...page.matchAll(/```yaml kubernetes\n(apiVersion: keda[\s\S]*?)```/g),
    ].map(([, text = ""]) => text);
    const { triggers } = parse(block).spec as { triggers: { metadata: { query: string } }[] };
    expect(triggers).toHaveLength(2);
    for (const { metadata } of triggers) {
      const [only] = await prometheus.query(metadata.query);
      expect(Number(only?.value[1]), metadata.query).toBeGreaterThan(0);
    }
  });

  test("an alert goes to Alertmanager, and from there to a webhook", async () => {
    const { body } = await told.notice(({ text }) => text.includes("PolygateCoreDown"));
    expect(body).toMatchObject({ version: "4", status: "firing", receiver: "operators" });
    const [alert] = body.alerts;
    expect(alert.labels).toMatchObject({ job: "polygate", severity: "warning", core_id: "core-2" });
    expect(alert.annotations.summary).toBe("Core core-2 fails its probes");
  }, 30_000);

  test("that no gateway is left is told as well", async () => {
    await gateway[Symbol.asyncDispose]();
    const { body } = await told.notice(({ text }) => text.includes("PolygateAbsent"));
    expect(body.alerts[0]).toMatchObject({
      status: "firing",
      labels: { alertname: "PolygateAbsent", severity: "page" },
    });
  }, 30_000);

  /** Values as Grafana fills them in when all are chosen, asked of Prometheus. */
  async function variableValues(): Promise<Record<string, string>> {
    const values: Record<string, string> = { __rate_interval: "10s" };
    for (const { name, selector, label } of boardVariables) {
      const found = await prometheus.labelValues(label, filled(selector, values));
      const escaped = found.map((value) => value.replaceAll(/[.|]/g, "\\\\$&"));
      values[name] = `(${escaped.join("|")})`;
    }
    return values;
  }
});

/** Calls of every kind, well and with faults, for as long as it takes to be seen as rates. */
async function load(
  gateway: RunningGateway,
  { gpu, redis }: { readonly gpu: ProviderDouble; readonly redis: RedisServer },
): Promise<void> {
  const to = caller(gateway);
  const image = new Blob([await readFile(digitImage(7))], { type: "image/png" });
  const rounds = 14;
  for (let round = 0; round < rounds; round += 1) {
    const roundOver = sleep(500);
    gpu.delayMs = 20;
    await Promise.all([
      // One is served, one waits, and the rest finds the queue full.
      ...Array.from({ length: 4 }, () => to.chat("gpu/double")),
      ...Array.from({ length: 4 }, () => to.chat("lame/double")),
      to.post("/api/v1/chat", { message: "what is 2 + 2?" }),
      to.predict(image),
      to.predict(new Blob(["no image"], { type: "image/png" })),
      to.chat("gpu/double", {}, "no-such-key-at-all"),
      to.get("/api/v1/keys"),
      to.chat("gpu/double", {}, keys.held),
      to.garbage(),
    ]);
    await to.chat("gpu/double", { stream: true });
    await to.chat("gpu/double", {}, keys.poor);
    await to.cached();
    const digitsOf = (value: number) => [
      value % 3,
      Math.floor(value / 3) % 3,
      Math.floor(value / 9),
    ];
    await to.infer(digitsOf(round));
    await to.infer([99, 99, 99]);
    if (round === rounds - 5) await redis.kill();
    await roundOver;
  }
}

/** The file of `deploy`, for this gateway and this Alertmanager, and as quick as it gets. */
function prometheusFile(target: string, alertmanager: string): string {
  return stringify({
    global: { scrape_interval: "500ms", evaluation_interval: "500ms" },
    rule_files: ["rules.yml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: [alertmanager] }] }] },
    scrape_configs: [{ job_name: "polygate", static_configs: [{ targets: [target] }] }],
  });
}

/** The rules of `deploy`, which wait for nothing. */
function rulesAtOnce(): string {
  const file = rulesFile();
  for (const rule of file.groups.flatMap(({ rules }) => rules)) {
    if (rule.for !== undefined) rule.for = "0s";
  }
  return stringify(file);
}

/** The file of `deploy` with another receiver, which is told at once. */
async function alertmanagerFile(url: string): Promise<string> {
  const file = await readFile(new URL("alertmanager.yml", prometheusFolder), "utf8");
  return file
    .replace("http://127.0.0.1:9095/alerts", url)
    .replace("group_wait: 30s", "group_wait: 0s")
    .replace("group_interval: 5m", "group_interval: 1s");
}
