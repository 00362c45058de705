/** Which calls stay together is told by what a route names, and where a call went is told with what that took. */

import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const doubles: ProviderDouble[] = [];
let gateway: RunningGateway;

beforeAll(async () => {
  for (let count = 0; count < 4; count += 1) doubles.push(await startProvider("anthropic"));
  const endpoints = doubles.map(({ url }) => `{ base_url: "${url}" }`).join(", ");
  const target = "round_robin: [{ provider: many, model: double }]";
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: one, key: first-key-of-a-caller }, { name: other, key: second-key-of-a-caller }] }
providers: { many: { dialect: anthropic, api_key: k, endpoints: [${endpoints}] } }
routes:
  usual: { ${target} }
  by_team: { ${target}, affinity: [x-team, prompt_cache_key, principal] }
  by_nothing: { ${target}, affinity: [x-team] }
`,
  });
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const double of doubles) await double[Symbol.asyncDispose]();
});

/** Which doubles had the calls of one kind, each sent eight times. */
async function doublesOf(
  path: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<ReadonlySet<ProviderDouble>> {
  const before = doubles.map(({ received }) => received.length);
  for (let count = 0; count < 8; count += 1) {
    const response = await fetch(gateway.url + path, {
      method: "POST",
      headers: {
        authorization: "Bearer first-key-of-a-caller",
        "content-type": "application/json",
        ...headers,
      },
      body: JSON.stringify(body),
    });
    expect([response.status, await response.text()]).toEqual([
      200,
      expect.stringContaining("Hello there"),
    ]);
  }
  return new Set(doubles.filter(({ received }, index) => received.length > (before[index] ?? 0)));
}

const message = { max_tokens: 20, messages: [{ role: "user", content: "Hi" }] };

describe("calls stay on one endpoint", () => {
  test("by Claude Code's header of its session, which comes before the caller", async () => {
    const used = new Set<ProviderDouble>();
    for (let session = 0; session < 12; session += 1) {
      const headers = { "x-claude-code-session-id": `session-${session}` };
      const those = await doublesOf("/v1/messages", { ...message, model: "usual" }, headers);
      expect(those.size).toBe(1);
      for (const one of those) used.add(one);
    }
    // Twelve sessions of one caller are spread.
    expect(used.size).toBeGreaterThan(1);
  });

  test("by the first of the route's sources that they have", async () => {
    const used = new Set<ProviderDouble>();
    for (let team = 0; team < 12; team += 1) {
      const those = await doublesOf(
        "/api/v1/chat",
        { message: "Hi", model_preference: "by_team" },
        { "x-team": `team-${team}` },
      );
      expect(those.size).toBe(1);
      for (const one of those) used.add(one);
    }
    expect(used.size).toBeGreaterThan(1);
    const withoutTeam = { message: "Hi", model_preference: "by_team" };
    expect((await doublesOf("/api/v1/chat", withoutTeam)).size).toBe(1);
    const cached = {
      model: "by_team",
      prompt_cache_key: "a-cache-key",
      messages: [{ role: "user", content: "Hi" }],
    };
    const byKey = await doublesOf("/v1/chat/completions", cached);
    const ofOther = await doublesOf("/v1/chat/completions", cached, {
      authorization: "Bearer second-key-of-a-caller",
    });
    // The cache's key comes before the caller's.
    expect([byKey.size, ofOther]).toEqual([1, byKey]);
  });

  test("by nothing where they have none of the sources: they take turns", async () => {
    const asked = { message: "Hi", model_preference: "by_nothing", session_id: "s" };
    expect((await doublesOf("/api/v1/chat", asked)).size).toBe(4);
  });
});

test("x-polygate-overhead-ms says what the gateway took before it asked, on every protocol, and of failed calls", async () => {
  const overheads: (string | null)[] = [];
  const take = (headers: Headers) => void overheads.push(headers.get("x-polygate-overhead-ms"));
  const client = createClient(ChatService, grpcTo(gateway.url, "first-key-of-a-caller"));
  await client.chat({ message: "Hi", modelPreference: "usual" }, { onHeader: take });
  const request = { message: "Hi", modelPreference: "usual" };
  for await (const _ of client.streamChat(request, { onHeader: take }));
  const headers = {
    authorization: "Bearer first-key-of-a-caller",
    "content-type": "application/json",
  };
  for (const stream of [false, true]) {
    const body = JSON.stringify({ ...message, model: "usual", stream });
    const response = await fetch(`${gateway.url}/v1/messages`, { method: "POST", headers, body });
    await response.text();
    take(response.headers);
  }
  for (const double of doubles) double.faults.push({ kind: "status", status: 400 });
  const body = JSON.stringify({ message: "Hi", model_preference: "usual" });
  const refused = await fetch(`${gateway.url}/api/v1/chat`, { method: "POST", headers, body });
  expect(refused.status).toBe(400);
  take(refused.headers);
  for (const double of doubles) double.faults.length = 0;
  expect(overheads.length).toBe(5);
  for (const overhead of overheads) expect(overhead).toMatch(/^\d+(\.\d{1,3})?$/);
});

test("DEBUG=load-balancer:* writes each decision and each attempt, at the level that is on", async () => {
  await using provider = await startProvider("openai-chat");
  await using loud = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
providers: { double: { dialect: openai, base_url: "${provider.url}", api_key: secret-of-the-provider } }
`,
    env: { DEBUG: "load-balancer:*" },
  });
  const client = createClient(ChatService, grpcTo(loud.url));
  const headers = { "x-request-id": "seen" };
  await client.chat({ message: "Hi", modelPreference: "double/double" }, { headers });
  const about = { level: "info", request_id: "seen", pool: "double", endpoint: "double" };
  expect(await loud.line(({ msg }) => msg === "Load balancing decision")).toMatchObject({
    ...about,
    ...{ route: "double/double", algorithm: "scored", by: "only_one", attempt: 1 },
  });
  expect(await loud.line(({ msg }) => msg === "[PERFORMANCE]")).toMatchObject({
    ...about,
    ...{ outcome: "OK", elapsed_ms: expect.any(Number) },
  });
  expect(JSON.stringify(loud.lines)).not.toContain("secret-of-the-provider");
});
