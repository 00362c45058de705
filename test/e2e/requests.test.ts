/** RequestsService on a whole gateway: recent calls of every surface, over gRPC, Connect and REST. */

import Anthropic from "@anthropic-ai/sdk";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { StatsService } from "#gen/polygate/v1/stats_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo, transports } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const user = "a-user-key-that-is-long-enough";

let provider: ProviderDouble;
let other: ProviderDouble;
let gateway: RunningGateway;

const rest = (path: string, key = admin) =>
  fetch(gateway.url + path, { headers: { authorization: `Bearer ${key}` } });

const client = () => createClient(RequestsService, grpcTo(gateway.url, admin));

beforeAll(async () => {
  provider = await startProvider("openai-chat");
  other = await startProvider("anthropic");
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: ops, key: ${admin}, scopes: [admin] }, { name: app, key: ${user} }] }
providers:
  one: { dialect: openai, base_url: "${provider.url}", api_key: upstream-secret-key, default_model: double, prices: { double: { input: 1, output: 2 } } }
  two: { dialect: anthropic, base_url: "${other.url}", api_key: upstream-secret-key, default_model: double }
routes:
  careful: { fallback: [one/double, two/double] }
`,
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
  await other[Symbol.asyncDispose]();
});

const chat = (requestId: string, body: object) =>
  fetch(`${gateway.url}/api/v1/chat`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${user}`,
      "content-type": "application/json",
      "x-request-id": requestId,
    },
    body: JSON.stringify(body),
  });

describe("calls of every surface are listed, newest first", () => {
  test("REST, Connect, gRPC and the vendors' SDKs, with model, provider, tokens and price", async () => {
    await chat("by-rest", { message: "Hi", model_preference: "one" });
    for (const [name, transport] of Object.entries(transports)) {
      const headers = { "x-request-id": `by-${name}` };
      await createClient(ChatService, transport(gateway.url, user)).chat(
        { message: "Hi", modelPreference: "one" },
        { headers },
      );
    }
    const sdk = { apiKey: user, maxRetries: 0 };
    const openai = new OpenAI({ ...sdk, baseURL: `${gateway.url}/v1` });
    const messages = [{ role: "user" as const, content: "Hi" }];
    await openai.chat.completions.create(
      { model: "one", messages },
      { headers: { "x-request-id": "by-openai" } },
    );
    const anthropic = new Anthropic({ ...sdk, baseURL: gateway.url });
    await anthropic.messages.create(
      { model: "one", messages, max_tokens: 10 },
      { headers: { "x-request-id": "by-anthropic" } },
    );
    const { requests } = await client().listRequests({});
    const told = requests.map(({ requestId, surface }) => [requestId, surface]);
    expect(told).toEqual([
      ["by-anthropic", "anthropic"],
      ["by-openai", "openai"],
      ["by-Connect", "rpc"],
      ["by-gRPC", "rpc"],
      ["by-rest", "rest"],
    ]);
    expect(requests.at(-1)).toMatchObject({
      procedure: "polygate.v1.ChatService/Chat",
      endpoint: "/api/v1/chat",
      principal: "app",
      model: "double",
      provider: "one",
      attempts: 1,
      code: "OK",
      reason: "",
      blame: "",
      httpStatus: 200,
    });
    const [last] = requests;
    expect(last?.promptTokens).toBeGreaterThan(0);
    expect(last?.cost).toBeGreaterThan(0);
    expect(last?.upstreamMs).toBeGreaterThan(0);
    expect(last?.durationMs).toBeGreaterThanOrEqual(last?.upstreamMs ?? Infinity);
  });

  test("the three ways to ask give the same", async () => {
    const byGrpc = await client().listRequests({});
    const connect = transports.Connect!(gateway.url, admin);
    const byConnect = await createClient(RequestsService, connect).listRequests({});
    expect(byConnect).toEqual(byGrpc);
    const byRest = (await (await rest("/api/v1/requests")).json()) as {
      requests: { request_id: string }[];
    };
    expect(byRest.requests.map((one) => one.request_id)).toEqual(
      byGrpc.requests.map(({ requestId }) => requestId),
    );
  });
});

describe("one call in full", () => {
  test("its tries with whose fault their ends were, where it went and when", async () => {
    provider.faults.push({ kind: "status", status: 503 });
    const response = await chat("two-tries", { message: "Hi", model_preference: "careful" });
    expect(response.status).toBe(200);
    const { request, attempts } = await client().getRequest({ requestId: "two-tries" });
    expect(request).toMatchObject({ attempts: 2, provider: "two", code: "OK" });
    expect(attempts).toMatchObject([
      { provider: "one", model: "double", outcome: "BACKEND_OVERLOADED", blame: "upstream" },
      { provider: "two", model: "double", outcome: "OK", blame: "" },
    ]);
    const [first, second] = attempts;
    expect(second?.startMs).toBeGreaterThanOrEqual(
      (first?.startMs ?? 0) + (first?.durationMs ?? 0),
    );
  });

  test("a stream has the time of its first message", async () => {
    const body = { message: "Hi", model_preference: "one", stream: true };
    await (await chat("streamed", body)).text();
    const { request, attempts } = await client().getRequest({ requestId: "streamed" });
    expect(request?.procedure).toBe("polygate.v1.ChatService/StreamChat");
    expect(request?.firstMessageMs).toBeGreaterThan(0);
    expect(attempts[0]?.firstMessageMs).toBeLessThanOrEqual(attempts[0]?.durationMs ?? 0);
  });

  test("a failure has its reason, its text and the status; what nobody kept is not found", async () => {
    await chat("bad", { message: "Hi", model_preference: "nobody" });
    const { request } = await client().getRequest({ requestId: "bad" });
    expect(request).toMatchObject({
      code: "NOT_FOUND",
      reason: "MODEL_UNKNOWN",
      blame: "caller",
      httpStatus: 404,
      error: expect.stringContaining("nobody"),
    });
    expect((await rest("/api/v1/requests/no-such-call")).status).toBe(404);
  });

  test("an id with slashes is found by its path; of two calls of one id the newer is told", async () => {
    await chat("a/b:c", { message: "Hi", model_preference: "one" });
    await chat("a/b:c", { message: "Hi", model_preference: "nobody" });
    const { request } = (await (await rest("/api/v1/requests/a/b:c")).json()) as {
      request: { reason: string };
    };
    expect(request.reason).toBe("MODEL_UNKNOWN");
    const both = await client().listRequests({ filter: { requestId: "a/b:c" } });
    expect(both.requests).toHaveLength(2);
  });
});

describe("filters and pages", () => {
  const count = async (filter: object) => (await client().listRequests({ filter })).requests.length;

  test("each filter takes what it names, over REST as well", async () => {
    const { requests } = await client().listRequests({});
    const where = (wanted: (one: (typeof requests)[number]) => boolean) =>
      requests.filter(wanted).length;
    expect(await count({ status: "error" })).toBe(where(({ code }) => code !== "OK"));
    expect(await count({ status: "ok" })).toBe(where(({ code }) => code === "OK"));
    expect(await count({ reason: "MODEL_UNKNOWN" })).toBe(2);
    // The call that began at `one` and ended at `two` is among those of both.
    expect(await count({ provider: "two" })).toBe(1);
    expect(await count({ surface: "openai" })).toBe(1);
    expect(await count({ principal: "nobody" })).toBe(0);
    expect(await count({ durationMsMin: 1e9 })).toBe(0);
    expect(await count({ procedure: "polygate.v1.Chat" })).toBe(requests.length);
    const byRest = await rest("/api/v1/requests?filter.reason=MODEL_UNKNOWN");
    expect(((await byRest.json()) as { requests: unknown[] }).requests).toHaveLength(2);
  });

  test("pages join to the whole list", async () => {
    const { requests } = await client().listRequests({});
    const ids: string[] = [];
    let pageToken = "";
    do {
      const page = await client().listRequests({ pageSize: 2, pageToken });
      expect(page.requests.length).toBeLessThanOrEqual(2);
      ids.push(...page.requests.map(({ requestId }) => requestId));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(ids).toEqual(requests.map(({ requestId }) => requestId));
  });

  test("a token or a size that cannot be is refused by name", async () => {
    for (const query of [
      "page_token=x",
      "page_token=-1",
      "page_size=0",
      "page_size=1001",
      "filter.status=odd",
    ]) {
      const response = await rest(`/api/v1/requests?${query}`);
      const { error } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, error.code]).toEqual([400, "REQUEST_INVALID"]);
      expect(error.message).toContain(query.split("=")[0]);
    }
  });
});

describe("who looks at the gateway is not among what it shows", () => {
  test("statistics, health, probes and this service leave no entry and no count", async () => {
    const before = await client().listRequests({});
    const grpc = grpcTo(gateway.url, admin);
    await createClient(HealthService, grpc).getHealth({});
    const statsClient = createClient(StatsService, grpc);
    const totals = await statsClient.getStats({});
    for await (const { stats } of statsClient.watchStats({ intervalMs: 100 })) {
      expect(stats?.calls?.requests).toBe(totals.calls?.requests);
      break;
    }
    await rest("/health");
    await rest("/stats");
    const after = await client().listRequests({});
    expect(after.requests).toEqual(before.requests);
    const last = await statsClient.getStats({});
    expect(last.calls?.requests).toBe(totals.calls?.requests);
    expect(Object.keys(last.methods)).not.toContain("polygate.v1.StatsService/GetStats");
  });
});

describe("a watch", () => {
  test("gets each call that its filter means, as it ends, over gRPC and as events", async () => {
    const leaving = new AbortController();
    const watched = client().watchRequests(
      { filter: { status: "error" } },
      { signal: leaving.signal },
    );
    const seen: string[] = [];
    const begun = Promise.withResolvers<void>();
    const watching = (async () => {
      for await (const { request } of watched) {
        begun.resolve();
        seen.push(request?.requestId ?? "");
        if (request?.requestId === "last-failure") return;
      }
    })();
    const events = await rest("/api/v1/requests:watch");
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    // The first message says that the watch is on.
    let text = (await reader.read()).value ?? "";
    await begun.promise;
    await chat("fine", { message: "Hi", model_preference: "one" });
    await chat("last-failure", { message: "Hi", model_preference: "nobody" });
    await watching;
    while (!text.includes("last-failure")) text += (await reader.read()).value ?? "";
    expect(text).toContain('"request_id":"fine"');
    expect(seen).not.toContain("fine");
    leaving.abort();
    await reader.cancel();
  });
});

describe("what else is asked of providers is kept like a chat", () => {
  const post = (path: string, requestId: string, body: object, headers = {}) =>
    fetch(gateway.url + path, {
      method: "POST",
      headers: { authorization: `Bearer ${user}`, "x-request-id": requestId, ...headers },
      body: JSON.stringify(body),
    });
  const kept = (requestId: string) => client().getRequest({ requestId });
  const messages = [{ role: "user", content: "Hi" }];

  test("vectors, with the try that failed, tokens and price", async () => {
    provider.faults.push({ kind: "status", status: 503 });
    await post("/v1/embeddings", "vectors", { model: "one/double", input: "x" });
    const { request, attempts } = await kept("vectors");
    expect(request).toMatchObject({ surface: "openai", provider: "one", attempts: 2, code: "OK" });
    expect(request?.promptTokens).toBeGreaterThan(0);
    expect(request?.cost).toBeGreaterThan(0);
    expect(attempts.map(({ outcome }) => outcome)).toEqual(["BACKEND_OVERLOADED", "OK"]);
    expect(attempts[1]?.decision?.provider).toBe("one");
  });

  test("a count of tokens, which uses none, and says who could not be asked", async () => {
    await post("/v1/messages/count_tokens", "count", { model: "careful", messages });
    const { request, attempts } = await kept("count");
    expect(request).toMatchObject({
      ...{ surface: "anthropic", provider: "two", attempts: 1, code: "OK" },
      ...{ promptTokens: 0, cost: 0 },
    });
    expect(attempts[0]?.decision?.candidates).toHaveLength(1);
  });

  test("a relayed stream, with the first message and the usage that its provider told", async () => {
    const asked = { model: "one/double", messages, stream: true };
    await (await post("/v1/chat/completions", "relayed", asked)).text();
    const { request } = await kept("relayed");
    expect(request).toMatchObject({ surface: "openai", provider: "one", code: "OK" });
    expect(request?.firstMessageMs).toBeGreaterThan(0);
    expect(request?.completionTokens).toBeGreaterThan(0);
  });

  test("a chat that the cache answers was sent nowhere and costs nothing", async () => {
    const use = { "x-polygate-cache": "use" };
    const asked = { message: "once", model_preference: "one" };
    const json = { "content-type": "application/json", ...use };
    await post("/api/v1/chat", "made", asked, json);
    await post("/api/v1/chat", "given", asked, json);
    expect((await kept("made")).request).toMatchObject({ attempts: 1, provider: "one" });
    const { request, attempts } = await kept("given");
    expect(request).toMatchObject({ attempts: 0, provider: "", model: "double", cost: 0 });
    expect(attempts).toEqual([]);
  });
});

test("without the scope nobody sees calls of others, by any way", async () => {
  for (const transport of Object.values(transports)) {
    const refused = createClient(RequestsService, transport(gateway.url, user));
    for (const work of [
      () => refused.listRequests({}),
      () => refused.getRequest({ requestId: "by-rest" }),
      () => refused.watchRequests({})[Symbol.asyncIterator]().next(),
    ]) {
      const error = await work().then(() => undefined, ConnectError.from);
      expect(error?.code).toBe(Code.PermissionDenied);
    }
  }
  for (const path of ["", "/by-rest", ":watch"]) {
    expect((await rest(`/api/v1/requests${path}`, user)).status).toBe(403);
  }
});

test("no key of a client or of a provider is in what is shown", async () => {
  const { requests } = await client().listRequests({});
  const full = await Promise.all(
    requests.map(({ requestId }) =>
      rest(`/api/v1/requests/${requestId}`).then((one) => one.text()),
    ),
  );
  expect(full.join()).not.toMatch(/upstream-secret|long-enough/);
});
