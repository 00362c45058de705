/** RoutingService on a whole gateway: dry runs, reported load, and decisions as they are made. */

import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { RoutingService } from "#gen/polygate/v1/routing_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo, transports } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const user = "a-user-key-that-is-long-enough";

const doubles: ProviderDouble[] = [];
let gateway: RunningGateway;

beforeAll(async () => {
  for (let count = 0; count < 3; count += 1) doubles.push(await startProvider("openai-chat"));
  const [cheap, dear, sight] = doubles.map(({ url }) => url);
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }, { name: balancer, key: ${user}, scopes: [route] }] }
load_balancer: { weights: { cost: 50, latency: 10, reliability: 10, load: 20, priority: 10 } }
providers:
  cheap: { dialect: openai, base_url: "${cheap}", api_key: k, default_model: double, max_concurrent: 10, prices: { double: { input: 1, output: 1 } } }
  dear: { dialect: openai, base_url: "${dear}", api_key: k, default_model: double, max_concurrent: 10, priority: 2, prices: { double: { input: 9, output: 9 } } }
  sight: { dialect: openai, base_url: "${sight}", api_key: k, default_model: double, priority: 3, prices: { double: { input: 90, output: 90 } } }
routes:
  both: { scored: [{ provider: cheap, model: double }, { provider: dear, model: double }], affinity: false }
  careful: { fallback: [cheap/double, dear/double] }
  eyes: { scored: [{ provider: sight, model: double }], types: [vision] }
`,
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const double of doubles) await double[Symbol.asyncDispose]();
});

const client = (key = admin) => createClient(RoutingService, grpcTo(gateway.url, key));
const chats = () => createClient(ChatService, grpcTo(gateway.url, user));
const get = (query: string, key = user) =>
  fetch(`${gateway.url}/api/load-balancing${query}`, {
    headers: { authorization: `Bearer ${key}` },
  });
const post = (path: string, body: object, key = user) =>
  fetch(`${gateway.url}/api/load-balancing${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
const sent = () => doubles.reduce((sum, { received }) => sum + received.length, 0);

describe("a dry run", () => {
  test("tells the best provider, every term of its score, and the next best ones; nothing is sent", async () => {
    const before = sent();
    const selection = await client().selectProvider({ modelType: "chat" });
    expect(selection).toMatchObject({ provider: "cheap", model: "double", strategy: "scored" });
    expect(new Set(Object.keys(selection.terms))).toEqual(
      new Set(["cost", "latency", "load", "priority", "reliability"]),
    );
    const terms = Object.values(selection.terms);
    expect(terms.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(1);
    const sum = terms.reduce((total, { score, weight }) => total + score * weight, 0);
    expect(selection.score).toBeCloseTo(sum);
    // 1,512 tokens at a dollar per million.
    expect(selection.terms.cost?.raw).toBeCloseTo(0.001512);
    expect(selection.alternatives.map(({ provider }) => provider)).toEqual(["dear", "sight"]);
    expect(selection.reason).toContain("best score of 3");
    expect(sent()).toBe(before);
  });

  test("works as the seed wrote it, by GET and by POST, by Connect too", async () => {
    const url = "?modelType=chat&preferredProvider=dear&maxLatency=2000&maxCost=1";
    const byGet = (await (await get(url)).json()) as Record<string, unknown>;
    expect(byGet).toMatchObject({ provider: expect.any(String), model: "double" });
    const body = { modelType: "chat", maxTokens: 1000, temperature: 0.7 };
    const byPost = await post("/select", body);
    expect([byPost.status, await byPost.json()]).toMatchObject([200, { provider: "cheap" }]);
    const connect = createClient(RoutingService, transports.Connect!(gateway.url, user));
    expect(await connect.selectProvider({})).toEqual(await client(user).selectProvider({}));
  });

  test("gives the preferred provider its bonus", async () => {
    const { alternatives } = await client().selectProvider({ preferredProvider: "sight" });
    expect(alternatives.find(({ provider }) => provider === "sight")?.bonus).toBe(0.2);
    const preferred = await client().selectProvider({ preferredProvider: "cheap" });
    expect(preferred).toMatchObject({ provider: "cheap", bonus: 0.2 });
  });

  test("takes weights as if they were the settings'", async () => {
    const weights = { cost: 0, latency: 0, reliability: 0, load: 0, priority: 1 };
    const selection = await client().selectProvider({ weights, preferredProvider: "dear" });
    expect(selection.terms.priority?.weight).toBe(1);
    expect(selection.terms.cost?.weight).toBe(0);
    expect(selection.score).toBe(1);
    const byGet = await get("?weights.cost=100&weights.priority=0");
    expect(await byGet.json()).toMatchObject({ terms: { priority: { weight: 0 } } });
  });

  test("leaves out who costs more than a token may, and says so with the numbers", async () => {
    const selection = await client().selectProvider({ maxCost: 0.000005 });
    expect(selection.alternatives).toEqual([]);
    expect(selection.excluded.map(({ provider, reason }) => [provider, reason])).toEqual([
      ["dear", "max_cost"],
      ["sight", "max_cost"],
    ]);
    expect(selection.excluded[0]?.detail).toBe(
      "its price of 0.000009 US dollars is above 0.000005",
    );
  });

  test("asks the route whose types name the model type", async () => {
    expect(await client().selectProvider({ modelType: "vision" })).toMatchObject({
      provider: "sight",
      reason: "it is the only one that is left",
    });
  });

  test("of a fallback takes the first step, whatever the scores", async () => {
    const weights = { cost: 0, latency: 0, reliability: 0, load: 0, priority: 1 };
    const selection = await client().selectProvider({
      model: "careful",
      weights,
      preferredProvider: "dear",
    });
    expect(selection.provider).toBe("cheap");
    expect(selection.alternatives.map(({ provider }) => provider)).toEqual(["dear"]);
  });

  test("leaves out a drained one, and names it", async () => {
    const backends = createClient(BackendsService, grpcTo(gateway.url, admin));
    await backends.drainBackend({ backend: "cheap" });
    const selection = await client().selectProvider({});
    expect(selection.provider).toBe("dear");
    expect(selection.excluded).toMatchObject([
      { provider: "cheap", reason: "draining", detail: "an operator drains it" },
    ]);
    await backends.resumeBackend({ backend: "cheap" });
  });

  test("says why nobody is left: within bounds that no provider keeps that is the caller's matter, and no failure of the gateway", async () => {
    const response = await get("?maxCost=0");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: {
        code: "FAILED_PRECONDITION",
        message: "no provider may be asked (cheap: max_cost, dear: max_cost, sight: max_cost)",
      },
    });
  });

  test("of a name that nobody knows fails as a chat would; values beyond their bounds are named", async () => {
    const unknown = await client()
      .selectProvider({ model: "nobody" })
      .then(() => undefined, ConnectError.from);
    expect(unknown?.code).toBe(Code.NotFound);
    for (const [query, field] of [
      ["?modelType=odd", "model_type"],
      ["?maxCost=-1", "max_cost"],
      ["?maxLatency=Infinity", "max_latency"],
      ["?weights.cost=1000001", "weights.cost"],
      [`?preferredProvider=${"x".repeat(129)}`, "preferred_provider"],
    ] as const) {
      const response = await get(query);
      expect(response.status, query).toBe(400);
      expect(await response.text()).toContain(field);
    }
  });
});

describe("reported load", () => {
  afterEach(async () => {
    for (let call = 0; call < 10; call += 1)
      await post("", { provider: "cheap", action: "decrement" });
  });

  test("weighs as calls in flight, up to leaving the provider out, until it is taken back", async () => {
    for (let call = 1; call <= 10; call += 1) {
      const response = await post("", { provider: "cheap", action: "increment" });
      expect(await response.json()).toMatchObject({ provider: "cheap", reported: call });
    }
    const full = await client().selectProvider({});
    expect(full.provider).toBe("dear");
    expect(full.excluded).toMatchObject([
      {
        provider: "cheap",
        reason: "max_concurrent",
        detail: "it has 10 calls in flight, and its limit is 10",
      },
    ]);
    await post("", { provider: "cheap", action: "decrement" });
    const { alternatives, excluded } = await client().selectProvider({});
    expect(excluded).toEqual([]);
    const cheap = alternatives.find(({ provider }) => provider === "cheap");
    expect(cheap?.terms.load).toMatchObject({ raw: 9, score: expect.closeTo(0.1) });
  });

  test("never falls below zero", async () => {
    const response = await post("", { provider: "dear", action: "decrement" });
    expect(await response.json()).toMatchObject({ reported: 0 });
  });

  test("wants the scope route, a provider that there is, and an action that it knows", async () => {
    expect((await post("", { provider: "nobody", action: "increment" })).status).toBe(404);
    expect((await post("", { provider: "cheap", action: "double" })).status).toBe(400);
    const open = await startTestGateway();
    const refused = await fetch(`${open.url}/api/load-balancing`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ provider: "embedded", action: "increment" }),
    });
    // Without keys, outside production, anybody may.
    expect(refused.status).toBe(200);
    await open[Symbol.asyncDispose]();
  });
});

describe("decisions", () => {
  const headers = (requestId: string) => ({ headers: { "x-request-id": requestId } });

  test("are listed newest first with scores and the endpoints that were out, and belong to their calls", async () => {
    await chats().chat({ message: "Hi", modelPreference: "both" }, headers("scored-call"));
    doubles[0]!.faults.push({ kind: "status", status: 503 });
    await chats().chat({ message: "Hi", modelPreference: "careful" }, headers("moved-call"));
    const { decisions } = await client().listDecisions({});
    expect(decisions.slice(0, 2)).toMatchObject([
      { requestId: "moved-call", provider: "dear", attempt: 2, decidedBy: "only_one" },
      { requestId: "moved-call", provider: "cheap", attempt: 1 },
    ]);
    const only = await client().listDecisions({ filter: { requestId: "scored-call" } });
    const [decision] = only.decisions;
    expect(decision).toMatchObject({ route: "both", strategy: "scored", model: "double" });
    expect(decision?.candidates.map(({ provider }) => provider)).toEqual(["cheap", "dear"]);
    if (decision?.decidedBy === "strategy") {
      const scores = decision.candidates.map(({ score = 0 }) => score);
      expect(decision.score).toBeCloseTo(Math.max(...scores), 3);
      expect(decision.candidates[0]?.terms.cost?.raw).toBeGreaterThan(0);
    }
    const requests = createClient(RequestsService, grpcTo(gateway.url, admin));
    const { attempts } = await requests.getRequest({ requestId: "moved-call" });
    expect(attempts.map((attempt) => attempt.decision?.provider)).toEqual(["cheap", "dear"]);
  });

  test("are watched as they are made, over gRPC and as events, as far as they are wanted", async () => {
    const events = await fetch(
      `${gateway.url}/api/v1/routing/decisions:watch?filter.provider=dear`,
      { headers: { authorization: `Bearer ${admin}`, accept: "text/event-stream" } },
    );
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = (await reader.read()).value ?? "";
    const leaving = new AbortController();
    const watched = client().watchDecisions({}, { signal: leaving.signal })[Symbol.asyncIterator]();
    expect((await watched.next()).value?.decision).toBeUndefined();
    await chats().chat({ message: "Hi", modelPreference: "cheap" }, headers("seen-by-one"));
    expect((await watched.next()).value?.decision?.requestId).toBe("seen-by-one");
    await chats().chat({ message: "Hi", modelPreference: "dear" }, headers("seen-by-both"));
    expect((await watched.next()).value?.decision?.requestId).toBe("seen-by-both");
    while (!text.includes("seen-by-both")) text += (await reader.read()).value ?? "";
    expect(text).not.toContain("seen-by-one");
    leaving.abort();
    await reader.cancel();
  });

  test("are for operators only", async () => {
    const error = await client(user)
      .listDecisions({})
      .then(() => undefined, ConnectError.from);
    expect(error?.code).toBe(Code.PermissionDenied);
    const path = `${gateway.url}/api/v1/routing/decisions`;
    const response = await fetch(path, { headers: { authorization: `Bearer ${user}` } });
    expect(response.status).toBe(403);
  });
});

test("without providers a dry run names the embedded core, which is what a chat would get", async () => {
  await using plain = await startTestGateway();
  const response = await fetch(`${plain.url}/api/load-balancing?modelType=chat`);
  expect(await response.json()).toMatchObject({ provider: "embedded", endpoint: "embedded" });
});
