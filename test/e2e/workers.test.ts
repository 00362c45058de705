/** Several threads in one process: connections are spread evenly, and what holds for one gateway holds for all of them. */

import { once } from "node:events";
import { readdirSync } from "node:fs";
import { request } from "node:https";
import { DatabaseSync } from "node:sqlite";
import { text } from "node:stream/consumers";
import { create, type DescMethodUnary, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BackendsService, type ListBackendsResponse } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { ConfigService, type GetConfigStatusResponse } from "#gen/polygate/v1/config_pb.js";
import { type ListRequestsResponse, RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { type ListDecisionsResponse, RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { type GetPerformanceResponse, StatsService } from "#gen/polygate/v1/stats_pb.js";
import { fromSource, type PolygateProcess, startProcess } from "../support/polygate-process.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";
import { clientTls, serverTls } from "../support/tls.ts";

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Runs in each thread, and does to it what the words of a chat ask for. */
const hook = `const all = [];
function fill() {
  // Little at a time: what one collection finds beyond the bound ends the process, not the thread.
  for (let made = 0; made < 100; made += 1) all.push(new Array(1_000).fill(made));
  setImmediate(fill);
}
export default {
  async before(request) {
    const said = JSON.stringify(request, (_, value) => typeof value === "bigint" ? 0 : value);
    if (said.includes("please-throw")) setTimeout(() => { throw new Error("thrown by a test"); });
    if (said.includes("please-fill")) fill();
    if (said.includes("please-throw") || said.includes("please-fill")) await new Promise(() => {});
    if (said.includes("please-wait")) await new Promise((done) => setTimeout(done, 1_000));
    return { action: "allow" };
  },
};`;

/** Denies every chat. */
const denying = `export default { before: () => ({ action: "deny", message: "by new settings" }) };`;

/** Is loaded by the first thread alone. */
const loadedOnce = `import { mkdirSync } from "node:fs";
mkdirSync(new URL("loaded", import.meta.url));
${denying}`;

const configWith = (module: string) => `workers: 2
models: { path: models }
reload: { watch: false }
history: { path: history.db, cache_ttl: 1ms }
hooks: [{ name: judge, module: ${module}, timeout: 10s }]
auth: { anonymous_scopes: [admin] }
rate_limiting:
  requests_per_minute: 1000000
  burst: 1000000
  routes: [{ match: /polygate.v1.ChatService/CountTokens, by: all, requests_per_minute: 1, burst: 20 }]
listeners:
  - { name: plain, host: 127.0.0.1, port: 0 }
  - { name: secure, host: 127.0.0.1, port: 0, tls: { cert_file: "${serverTls.certFile}", key_file: "${serverTls.keyFile}" } }
`;

let folder: TemporaryFolder;
let gateway: PolygateProcess;
let plain: string;

beforeAll(async () => {
  folder = await temporaryFolder();
  await folder.write("models/empty", "");
  await folder.write("hook.mjs", hook);
  await folder.write("denying.mjs", denying);
  await folder.write("once.mjs", loadedOnce);
  const path = await folder.write("gateway.yaml", configWith("hook.mjs"));
  const [file = "", ...args] = fromSource("serve", "--config", path);
  gateway = await startProcess({ command: [file, "--max-old-space-size=256", ...args] });
  plain = gateway.urls[0] ?? "";
});

afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await folder?.[Symbol.asyncDispose]();
});

/** A gRPC client with a connection of its own. It repeats what a server has refused to begin, as such clients do. */
class GrpcClient implements Disposable {
  readonly #client = new Client(new URL(plain).host, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
  });

  /** Resolves with the response, or the status of the failure. */
  call(method: DescMethodUnary, init: object): Promise<unknown> {
    const { input, output, parent, name } = method;
    return new Promise((resolve) => {
      this.#client.makeUnaryRequest(
        `/${parent.typeName}/${name}`,
        (message: object) => Buffer.from(toBinary(input, create(input, message as never))),
        (bytes: Buffer) => fromBinary(output, bytes),
        init,
        (error: ServiceError | null, response: unknown) => resolve(error?.code ?? response),
      );
    });
  }

  /** Resolves with the status of a chat. */
  async chat(message: string): Promise<number> {
    const end = await this.call(ChatService.method.chat, { message });
    return typeof end === "number" ? end : status.OK;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}

/** Clients whose connections are spread evenly, made one after the other with a chat each; and how many chats that took. */
async function connected(count: number, before = 0): Promise<Connected> {
  const scope = new DisposableStack();
  const clients: GrpcClient[] = [];
  for (let made = 0; made < count; made += 1) {
    const client = scope.use(new GrpcClient());
    expect(await client.chat("hello")).toBe(status.OK);
    clients.push(client);
  }
  const chats = before + count;
  const [fewest = 0, most = 0] = connectionsIn(await metrics());
  if (most - fewest <= 1) return { clients, chats, [Symbol.dispose]: () => scope.dispose() };
  // A connection that asked for metrics was there still when these came.
  scope.dispose();
  await allLeft();
  return await connected(count, chats);
}

interface Connected extends Disposable {
  readonly clients: readonly GrpcClient[];
  readonly chats: number;
}

async function metrics(): Promise<string> {
  const response = await fetch(`${plain}/metrics`, { headers: { connection: "close" } });
  return await response.text();
}

/** The value of a line; 0 where there is none. */
function valueIn(told: string, line: string): number {
  const found = told.split("\n").find((one) => one.startsWith(`${line} `));
  return Number(found?.slice(line.length + 1) ?? 0);
}

/** Connections of the threads that there are, the fewest first. */
function connectionsIn(told: string): readonly number[] {
  const lines = told.matchAll(/^gateway_worker_connections\{thread="\d+"\} (\d+)$/gm);
  return Array.from(lines, ([, count]) => Number(count)).toSorted((one, other) => one - other);
}

const chatLabels = 'grpc_service="polygate.v1.ChatService",grpc_method="Chat",grpc_type="unary"';
const handledOk = `grpc_server_handled_total{${chatLabels},grpc_code="OK"}`;
const started = `grpc_server_started_total{${chatLabels}}`;
const startsAfter = (cause: string) => `gateway_worker_starts_total{cause="${cause}"}`;

/** Resolves with the metrics once they are such. */
async function metricsOnce(isSo: (told: string) => boolean): Promise<string> {
  return await vi.waitUntil(
    async () => {
      // A connection that a thread is given at its very end is cut off.
      const told = await metrics().catch(() => undefined);
      return told !== undefined && isSo(told) ? told : undefined;
    },
    { timeout: 60_000, interval: 50 },
  );
}

/** Open descriptors and threads of the gateway's process. */
function heldByProcess(): { readonly descriptors: number; readonly threads: number } {
  const count = (kind: string) => readdirSync(`/proc/${gateway.pid}/${kind}`).length;
  return { descriptors: count("fd"), threads: count("task") };
}

/** No connection is left but the one that asks. */
const allLeft = () => metricsOnce((told) => connectionsIn(told).join() === "0,1");

test("each of two threads gets half of the connections, and metrics tell of all their calls", async () => {
  const before = valueIn(await allLeft(), handledOk);
  using eight = await connected(8);
  const told = await metrics();
  // One more is the connection that asks.
  expect(connectionsIn(told)).toEqual([4, 5]);
  expect(valueIn(told, handledOk) - before).toBe(eight.chats);
});

test("threads speak HTTP/1.1, TLS and WebSocket on the sockets that they are handed", async () => {
  const overHttp1 = async () => {
    const response = await fetch(`${plain}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      body: '{"message":"hello"}',
    });
    return response.status;
  };
  const overTls = async () => {
    const url = gateway.urls[1]?.replace("127.0.0.1", "localhost");
    const asked = request(`${url}/api/v1/chat`, {
      method: "POST",
      headers: { "content-type": "application/json", connection: "close" },
      ca: clientTls.ca,
    });
    asked.end('{"message":"hello"}');
    const [response] = await once(asked, "response");
    await text(response);
    return response.statusCode;
  };
  const overWebSocket = async () => {
    const socket = new WebSocket(`${plain.replace(/^http/, "ws")}/api/v1/chat:stream`);
    await once(socket, "open");
    socket.send('{"message":"hello"}');
    const [{ data }] = await once(socket, "message");
    socket.close();
    return Object.keys(JSON.parse(data));
  };
  for (const call of [overHttp1, overTls]) expect([await call(), await call()]).toEqual([200, 200]);
  const firsts = [await overWebSocket(), await overWebSocket()];
  for (const keys of firsts) expect(keys).not.toContain("error");
});

test("an act of an administrator reaches all threads, whichever is asked", async () => {
  await allLeft();
  using two = await connected(2);
  const { drainBackend, listBackends, resumeBackend } = BackendsService.method;
  const draining = () =>
    Promise.all(
      two.clients.map(async (client) => {
        const { backends } = (await client.call(listBackends, {})) as ListBackendsResponse;
        return backends[0]?.endpoints[0]?.draining;
      }),
    );
  const chats = () => Promise.all(two.clients.map((client) => client.chat("hello")));
  expect(await draining()).toEqual([false, false]);
  await two.clients[0]?.call(drainBackend, { backend: "embedded" });
  expect(await draining()).toEqual([true, true]);
  expect(await chats()).toEqual([status.UNAVAILABLE, status.UNAVAILABLE]);
  await two.clients[1]?.call(resumeBackend, { backend: "embedded" });
  expect(await draining()).toEqual([false, false]);
  expect(await chats()).toEqual([status.OK, status.OK]);
});

test("the history of all threads is kept in one file, and any thread tells all of it", async () => {
  await allLeft();
  using two = await connected(2);
  const { getPerformance } = StatsService.method;
  const totals = () =>
    Promise.all(
      two.clients.map(async (client) => {
        const told = (await client.call(getPerformance, {})) as GetPerformanceResponse;
        return told.providerStats.embedded?.totalRequests;
      }),
    );
  for (const client of two.clients) expect(await client.chat("hello")).toBe(status.OK);
  const tries = (await metrics()).matchAll(
    /^load_balancer_requests_total\{.*core="embedded"\} (\d+)$/gm,
  );
  const calls = Array.from(tries, ([, count]) => Number(count)).reduce((sum, one) => sum + one, 0);
  expect(calls).toBeGreaterThan(3);
  // Who asks sees its own calls at once, and those of other threads soon.
  await vi.waitUntil(async () => (await totals()).every((total) => total === calls), {
    timeout: 20_000,
  });
  const file = new DatabaseSync(`${folder.path}/history.db`, { readOnly: true });
  const instances = file.prepare("SELECT DISTINCT instance FROM history").all();
  file.close();
  expect(instances).toHaveLength(1);
});

test("lists of calls and of decisions are those of all threads, whichever is asked", async () => {
  await allLeft();
  using two = await connected(2);
  const { listRequests, getRequest } = RequestsService.method;
  for (const client of two.clients) expect(await client.chat("hello")).toBe(status.OK);
  for (const client of two.clients) {
    const list = async (pageSize: number, pageToken = "") => {
      const asked = { pageSize, pageToken, filter: { procedure: "polygate.v1.ChatService/Chat" } };
      return (await client.call(listRequests, asked)) as ListRequestsResponse;
    };
    const idsOf = ({ requests }: ListRequestsResponse) => requests.map((one) => one.requestId);
    const both = await list(2);
    const first = await list(1);
    const second = await list(1, first.nextPageToken);
    expect([first, second].flatMap(idsOf)).toEqual(idsOf(both));
    expect(new Set(idsOf(both)).size).toBe(2);
    for (const requestId of idsOf(both)) {
      expect(await client.call(getRequest, { requestId })).toMatchObject({
        request: { requestId },
      });
    }
    const asked = { pageSize: 2 };
    const told = await client.call(RoutingService.method.listDecisions, asked);
    const { decisions } = told as ListDecisionsResponse;
    expect(decisions.map((one) => one.requestId)).toEqual(idsOf(both));
  }
});

test("other settings are taken by all threads or by none, and any thread tells of them", async () => {
  await allLeft();
  using two = await connected(2);
  const { checkConfig, getConfigStatus, reloadConfig } = ConfigService.method;
  const chats = () => Promise.all(two.clients.map((client) => client.chat("hello")));
  const ask = async <T>(client: number, method: DescMethodUnary) =>
    (await two.clients[client]?.call(method, {})) as T;
  const states = async () => {
    const both = [0, 1].map((client) => ask<GetConfigStatusResponse>(client, getConfigStatus));
    return (await Promise.all(both)).map(({ generation, lastOutcome }) =>
      [generation, lastOutcome?.result].join(" "),
    );
  };
  await folder.write("gateway.yaml", configWith("once.mjs"));
  expect(await ask(0, checkConfig)).toMatchObject({ outcome: { result: "ok" } });
  // By a signal: one thread can build it, the other one cannot.
  gateway.signal("SIGHUP");
  await vi.waitUntil(async () => (await states()).every((state) => state === "1 failed"), {
    timeout: 30_000,
  });
  expect(await chats()).toEqual([status.OK, status.OK]);
  await folder.write("gateway.yaml", configWith("denying.mjs"));
  expect(await ask(1, reloadConfig)).toMatchObject({ outcome: { result: "ok" } });
  expect(await states()).toEqual(["2 ok", "2 ok"]);
  expect(await chats()).toEqual([status.PERMISSION_DENIED, status.PERMISSION_DENIED]);
  await folder.write("gateway.yaml", configWith("hook.mjs"));
  await ask(0, reloadConfig);
  expect(await chats()).toEqual([status.OK, status.OK]);
});

test("limits hold over all threads, to the call", async () => {
  using four = await connected(4);
  const { countTokens } = ChatService.method;
  const calls = Array.from({ length: 60 }, (_, call) =>
    four.clients[call % 4]?.call(countTokens, { message: "hello" }),
  );
  const ends = await Promise.all(calls);
  expect(ends.filter((end) => end === status.RESOURCE_EXHAUSTED)).toHaveLength(40);
});

test.each([
  ["throws", "please-throw"],
  ["runs out of memory", "please-fill"],
])(
  "a thread that %s ends its own calls alone, and another one takes its place",
  async (_, words) => {
    const before = await allLeft();
    const crashes = valueIn(before, startsAfter("crash"));
    const held = heldByProcess();
    using four = await connected(4);
    const ends = await Promise.all(
      four.clients.map((client, place) => client.chat(place === 0 ? words : "please-wait")),
    );
    // One more connection has the thread of the first one, two have the other thread.
    expect(ends[0]).toBe(status.UNAVAILABLE);
    expect(ends.filter((end) => end === status.OK).length).toBeGreaterThanOrEqual(2);
    expect(new Set(ends)).toEqual(new Set([status.UNAVAILABLE, status.OK]));
    const told = await metricsOnce((now) => valueIn(now, startsAfter("crash")) > crashes);
    expect(valueIn(told, "gateway_workers")).toBe(2);
    expect(valueIn(told, handledOk)).toBeGreaterThanOrEqual(valueIn(before, handledOk) + 2);
    const again = await Promise.all(four.clients.map((client) => client.chat("hello")));
    expect(new Set(again)).toEqual(new Set([status.OK]));
    // Of what it had, which is three descriptors and its connections, nothing stays; four clients are there.
    const patience = { timeout: 30_000 };
    await vi.waitUntil(() => heldByProcess().descriptors <= held.descriptors + 4 + 2, patience);
    await vi.waitUntil(() => heldByProcess().threads <= held.threads, patience);
  },
);

test("no call is lost while all threads are replaced, over connections that stay and new ones", async () => {
  const before = await allLeft();
  using four = await connected(4);
  const ended = new AbortController();
  const ends = new Map<number, number>([[status.OK, four.chats]]);
  const count = (end: number) => ends.set(end, (ends.get(end) ?? 0) + 1);
  // So much that there are always calls, and the start of a thread does not take long.
  const pause = () => new Promise((done) => setTimeout(done, 5));
  const overOne = async (client: GrpcClient) => {
    for (; !ended.signal.aborted; await pause()) count(await client.chat("hello"));
  };
  const overNew = async () => {
    for (; !ended.signal.aborted; await pause()) {
      using client = new GrpcClient();
      count(await client.chat("hello"));
    }
  };
  const load = [...four.clients.map(overOne), overNew()];
  using admin = new GrpcClient();
  const { restartWorkers } = ConfigService.method;
  const rounds = [
    () => process.kill(gateway.pid, "SIGUSR2"),
    async () => {
      expect(await admin.call(restartWorkers, {})).toMatchObject({ workers: 2, wasRunning: false });
      // Who asks meanwhile begins nothing.
      expect(await admin.call(restartWorkers, {})).toMatchObject({ wasRunning: true });
    },
  ];
  for (const [round, begin] of rounds.entries()) {
    await begin();
    const isOver = () => gateway.output().split("all threads are new").length === round + 2;
    await vi.waitUntil(isOver, { timeout: 60_000 });
  }
  ended.abort();
  await Promise.all(load);
  expect([...ends.keys()]).toEqual([status.OK]);
  // What threads that have left had counted is told still.
  const handled = (told: string) => valueIn(told, handledOk) - valueIn(before, handledOk);
  // A thread that has too much to do for an answer in a second is told of as it was before.
  const told = await metricsOnce((now) => handled(now) >= (ends.get(status.OK) ?? 0));
  expect(valueIn(told, startsAfter("restart"))).toBe(2 * rounds.length);
  expect(handled(told)).toBe(ends.get(status.OK));
});

// The last one: it stops the gateway.
test("a signal to stop lets the calls of all threads end", async () => {
  using four = await connected(4);
  const before = valueIn(await metrics(), started);
  const calls = four.clients.map((client) => client.chat("please-wait"));
  await metricsOnce((told) => valueIn(told, started) === before + 4);
  const stopped = gateway.stop("SIGTERM");
  expect(new Set(await Promise.all(calls))).toEqual(new Set([status.OK]));
  expect(await stopped).toBe(0);
});
