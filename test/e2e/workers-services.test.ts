/** Services of a gateway with two threads: what one is asked is told of both, alerts are told once, keys work in both. */

import { readFile } from "node:fs/promises";
import { createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { GRPCInferenceService } from "#gen/inference/grpc_service_pb.js";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ConfigService } from "#gen/polygate/v1/config_pb.js";
import { KeysService } from "#gen/polygate/v1/keys_pb.js";
import { RequestsService, type WatchRequestsResponse } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService, type WatchDecisionsResponse } from "#gen/polygate/v1/routing_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { identity } from "../support/onnx-models.ts";
import { fromSource, type PolygateProcess, startProcess } from "../support/polygate-process.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { startWebhookReceiver, type WebhookReceiver } from "../support/webhook-receiver.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const admin = "key-of-the-admin-1234";

/** Ends the thread that is told to. */
const hook = `export default {
  before(request) {
    const said = JSON.stringify(request, (_, value) => typeof value === "bigint" ? 0 : value);
    if (!said.includes("please-throw")) return { action: "allow" };
    setTimeout(() => { throw new Error("thrown by a test"); });
    return new Promise(() => {});
  },
};`;

const configWith = (provider: string, receiver: string) => `workers: 2
gateway: { health_check_timeout: 1s }
load_balancer: { retry_attempts: 0, health_check_interval: 200ms }
models: { path: models }
reload: { watch: false }
audit: { output: audit.log }
hooks: [{ name: judge, module: hook.mjs, timeout: 10s }]
auth:
  enabled: true
  keys: [{ name: root, key: ${admin}, scopes: [admin] }]
  key_store: { path: keys.db }
providers:
  gpu: { dialect: openai, base_url: "${provider}", api_key: k, default_model: double }
alerts:
  webhooks: [{ name: ops, url: "${receiver}", format: alertmanager }]
  interval: 50ms
  min_calls: 7
  error_rate: { for: 0s }
  down: { for: 0s }
listeners: [{ name: plain, host: 127.0.0.1, port: 0 }]
`;

let folder: TemporaryFolder;
let provider: ProviderDouble;
let receiver: WebhookReceiver;
let gateway: PolygateProcess;

/** Connections of tests. */
const sessions: Http2SessionManager[] = [];

/** Clients of one connection. */
function clientsBy(key: string) {
  const baseUrl = gateway.urls[0] ?? "";
  const sessionManager = new Http2SessionManager(baseUrl);
  sessions.push(sessionManager);
  const withKey: Interceptor = (next) => (request) => {
    request.header.set("authorization", `Bearer ${key}`);
    return next(request);
  };
  const transport = createGrpcTransport({ baseUrl, sessionManager, interceptors: [withKey] });
  return {
    chat: createClient(ChatService, transport),
    stats: createClient(StatsService, transport),
    requests: createClient(RequestsService, transport),
    routing: createClient(RoutingService, transport),
    oip: createClient(GRPCInferenceService, transport),
    keys: createClient(KeysService, transport),
    backends: createClient(BackendsService, transport),
    config: createClient(ConfigService, transport),
  };
}

type Clients = ReturnType<typeof clientsBy>;

async function metrics(): Promise<string> {
  const headers = { connection: "close", authorization: `Bearer ${admin}` };
  const response = await fetch(`${gateway.urls[0]}/metrics`, { headers });
  return await response.text();
}

/** Connections of the threads, the fewest first. */
async function connectionsByThread(): Promise<readonly number[]> {
  const told = (await metrics()).matchAll(/^gateway_worker_connections\{thread="\d+"\} (\d+)$/gm);
  return Array.from(told, ([, count]) => Number(count)).toSorted((one, other) => one - other);
}

/** A client at each thread, and no other one. */
async function atBoth(): Promise<readonly [Clients, Clients]> {
  for (const session of sessions.splice(0)) session.abort();
  // One connection asks.
  await vi.waitUntil(async () => (await connectionsByThread()).join() === "0,1", {
    ...{ timeout: 20_000, interval: 50 },
  });
  const both = [clientsBy(admin), clientsBy(admin)] as const;
  for (const { stats } of both) await stats.getStats({});
  // The connection that asked may have been there still when these came.
  return (await connectionsByThread()).join() === "1,2" ? both : await atBoth();
}

async function chatAt({ chat }: Clients, message = "hello") {
  return await chat.chat({ message });
}

beforeAll(async () => {
  folder = await temporaryFolder();
  provider = await startProvider("openai-chat");
  receiver = await startWebhookReceiver();
  await folder.write("models/echo/1/model.onnx", identity("FP32", ["n"]));
  await folder.write("hook.mjs", hook);
  const path = await folder.write("gateway.yaml", configWith(provider.url, receiver.url));
  gateway = await startProcess({ command: fromSource("serve", "--config", path) });
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await receiver?.[Symbol.asyncDispose]();
  await provider?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

test("statistics are those of both threads, whichever is asked, and stay when threads are replaced", async () => {
  const both = await atBoth();
  const procedure = "polygate.v1.ChatService/Chat";
  const requestsOf = async ({ stats }: Clients) => {
    const { methods } = await stats.getStats({});
    return methods[procedure]?.requests ?? 0;
  };
  const before = await requestsOf(both[0]);
  for (const clients of both) for (let call = 0; call < 2; call += 1) await chatAt(clients);
  for (const clients of both) {
    expect(await requestsOf(clients)).toBe(before + 4);
    const watching = new AbortController();
    const watched = clients.stats.watchStats({}, { signal: watching.signal });
    for await (const { stats } of watched) {
      expect(stats?.methods[procedure]).toMatchObject({ requests: before + 4, inFlight: 0 });
      break;
    }
    watching.abort();
  }
  const inputs = [{ name: "x", datatype: "FP32", shape: [1n], contents: { fp32Contents: [1] } }];
  for (const { oip } of both) await oip.modelInfer({ modelName: "echo", inputs });
  for (const { oip, stats } of both) {
    const { modelStats } = await oip.modelStatistics({ name: "echo" });
    expect(modelStats).toMatchObject([{ inferenceCount: 2n }]);
    expect((await stats.getStats({})).inferences).toMatchObject([{ model: "echo", inferences: 2 }]);
  }
  const { uptimeSeconds = 0 } = (await both[0].stats.getStats({})).gateway ?? {};
  await both[0].config.restartWorkers({});
  await vi.waitUntil(() => gateway.output().includes("all threads are new"), { timeout: 50_000 });
  const fresh = clientsBy(admin);
  expect(await requestsOf(fresh)).toBe(before + 4);
  expect((await fresh.oip.modelStatistics({ name: "echo" })).modelStats).toMatchObject([
    { inferenceCount: 2n },
  ]);
  // It is that of the process.
  const { gateway: facts } = await fresh.stats.getStats({});
  expect(facts?.uptimeSeconds).toBeGreaterThan(uptimeSeconds);
});

/** Begins a watch, of which the first message has come; what comes then, and what ends it. */
async function begun<T>(open: (signal: AbortSignal) => AsyncIterable<T>) {
  const watching = new AbortController();
  const messages = open(watching.signal)[Symbol.asyncIterator]();
  const first = await messages.next();
  return {
    first: first.value as T,
    next: async () => (await messages.next()).value as T,
    end: () => watching.abort(),
  };
}

test("a watch of calls or decisions is told those of both threads, and of the one that takes a crashed one's place", async () => {
  const both = await atBoth();
  const [one, other] = both;
  const filter = { procedure: "polygate.v1.ChatService/Chat" };
  const calls = await begun<WatchRequestsResponse>((signal) =>
    one.requests.watchRequests({ filter }, { signal }),
  );
  const decisions = await begun<WatchDecisionsResponse>((signal) =>
    one.routing.watchDecisions({ filter: { provider: "gpu" } }, { signal }),
  );
  expect([calls.first.request, decisions.first.decision]).toEqual([undefined, undefined]);
  for (const clients of both) {
    await chatAt(clients);
    const { request } = await calls.next();
    const { decision } = await decisions.next();
    expect(request).toMatchObject({ procedure: filter.procedure, code: "OK", principal: "root" });
    expect(decision?.requestId).toBe(request?.requestId);
  }
  await expect(chatAt(other, "please-throw")).rejects.toThrow();
  await vi.waitFor(
    // A connection that the thread was given at its very end fails.
    async () => expect(await metrics()).toMatch(/^gateway_worker_starts_total.*"crash"\} 1$/m),
    { timeout: 30_000, interval: 50 },
  );
  // It has the fewest connections, so that of several new ones it gets one at least.
  const made = [clientsBy(admin), clientsBy(admin), clientsBy(admin)];
  for (const clients of made) {
    await chatAt(clients);
    const { request } = await calls.next();
    expect(request).toMatchObject({ procedure: filter.procedure, code: "OK" });
    expect((await decisions.next()).decision?.requestId).toBe(request?.requestId);
  }
  calls.end();
  decisions.end();
});

/** Notices of an alert, by status. */
function told(status: string, alertname: string): number {
  const all = receiver.received.flatMap(({ body }) => body.alerts ?? []);
  return all.filter(
    (alert: { status: string; labels: Record<string, string> }) =>
      alert.status === status && alert.labels.alertname === alertname,
  ).length;
}

test("alerts are told once, over the calls of both threads, and not again when threads are replaced", async () => {
  const both = await atBoth();
  provider.illness = { kind: "status", status: 500 };
  for (const clients of both) {
    for (let call = 0; call < 30; call += 1) await chatAt(clients).catch(() => undefined);
  }
  await vi.waitUntil(() => told("firing", "PolygateErrorRateHigh") > 0, { timeout: 20_000 });
  provider.illness = undefined;
  await provider.down();
  await vi.waitUntil(() => told("firing", "PolygateProviderDown") > 0, { timeout: 20_000 });
  expect(await metrics()).toMatch(/^gateway_alerts_firing [23]$/m);
  const rounds = gateway.output().split("all threads are new").length;
  await both[0].config.restartWorkers({});
  const isOver = () => gateway.output().split("all threads are new").length > rounds;
  await vi.waitUntil(isOver, { timeout: 50_000 });
  await provider.up();
  await vi.waitUntil(() => told("resolved", "PolygateProviderDown") > 0, { timeout: 20_000 });
  expect(told("firing", "PolygateProviderDown")).toBe(1);
  expect(told("resolved", "PolygateProviderDown")).toBe(1);
});

test("a key of the file works in both threads, until either takes it back, and all that was spent with it is told", async () => {
  const [one, other] = await atBoth();
  const { secret } = await one.keys.createKey({ key: { name: "ci" } });
  const isTaken = async (clients: Clients) =>
    await chatAt(clients).then(
      () => true,
      () => false,
    );
  const withKey: Clients[] = [];
  for (let made = 0; made < 4; made += 1) {
    const clients = clientsBy(secret);
    // A thread hears of it in less than half of a second.
    await vi.waitUntil(() => isTaken(clients), { timeout: 10_000, interval: 50 });
    withKey.push(clients);
  }
  const used = async (clients: Clients) => {
    const { rows } = await clients.keys.getUsage({ key: "ci" });
    return Number(rows[0]?.requests ?? 0);
  };
  for (const clients of [one, other]) {
    await vi.waitUntil(async () => (await used(clients)) === 4, { timeout: 20_000, interval: 100 });
  }
  await other.keys.revokeKey({ key: "ci" });
  for (const clients of withKey) {
    await vi.waitUntil(async () => !(await isTaken(clients)), { timeout: 10_000, interval: 50 });
  }
});

test("the audit log has each decision of both threads once, in whole lines", async () => {
  const both = await atBoth();
  const asked = both.flatMap(({ backends }) =>
    Array.from({ length: 50 }, () => backends.listBackends({})),
  );
  await Promise.all(asked);
  const linesOf = async () => {
    const text = await readFile(`${folder.path}/audit.log`, "utf8");
    const lines = text
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    return lines.filter(({ action }) => action === "polygate.v1.BackendsService/ListBackends");
  };
  await vi.waitUntil(async () => (await linesOf()).length === asked.length, { timeout: 10_000 });
  expect(new Set((await linesOf()).map(({ request_id }) => request_id)).size).toBe(asked.length);
});
