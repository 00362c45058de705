/** Calls that wait for a place at a provider: who goes first, who leaves, and what is told of it. */

import { type ConnectError, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { BackendsService } from "#gen/polygate/v1/backends_pb.js";
import { ChatService } from "#gen/polygate/v1/chat_pb.js";
import { RequestsService } from "#gen/polygate/v1/requests_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const urgent = "an-urgent-key-that-is-long-enough";
const nightly = "a-nightly-key-that-is-long-enough";
const plain = "a-plain-key-that-is-long-enough";

let provider: ProviderDouble;
let gateway: RunningGateway;
/** Ends of the provider's responses, in the order of its requests. */
let holds: PromiseWithResolvers<void>[];

beforeEach(async () => {
  provider = await startProvider("openai-chat");
  holds = [];
  provider.illness = () => {
    const hold = Promise.withResolvers<void>();
    holds.push(hold);
    return { kind: "hold", frames: 0, until: hold.promise };
  };
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0, drain_timeout: 100ms }
overload: { enabled: false }
auth:
  keys:
    - { name: ops, key: ${admin}, scopes: [admin] }
    - { name: urgent, key: ${urgent}, scopes: [priority] }
    - { name: nightly, key: ${nightly}, scopes: [priority, batch] }
    - { name: plain, key: ${plain} }
providers:
  double: { dialect: openai, base_url: "${provider.url}", api_key: k, max_concurrent: 1, queue_max: 3, queue_wait: 60s }
routes:
  drained: { weighted: [{ provider: double, model: double }], on_client_disconnect: drain }
`,
  });
}, 30_000);

afterEach(async () => {
  for (const { resolve } of holds) resolve();
  await gateway[Symbol.asyncDispose]();
  await provider[Symbol.asyncDispose]();
});

/** Asks by OpenAI's API; `words` tell calls apart where they arrive. */
function ask(
  words: string,
  {
    key = plain,
    priority,
    model = "double",
    signal,
  }: { key?: string; priority?: string; model?: string; signal?: AbortSignal } = {},
) {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(priority === undefined ? {} : { "x-polygate-priority": priority }),
    },
    body: JSON.stringify({ model, messages: [{ role: "user", content: words }] }),
    ...(signal === undefined ? {} : { signal }),
  });
}

const wordsOf = ({ body }: { readonly body: Record<string, unknown> }) =>
  (body.messages as { content: string }[])[0]?.content;
const arrived = () => provider.received.map(wordsOf);

async function page(): Promise<string> {
  return await (await fetch(`${gateway.url}/metrics`)).text();
}

async function queued(): Promise<number> {
  const lines = (await page()).matchAll(/^load_balancer_queued_calls\{.*\} (\d+)$/gm);
  return [...lines].reduce((sum, [, value]) => sum + Number(value), 0);
}

/** Asks, and waits until the call is where it will stay: at the provider, or in line. */
async function begun(...args: Parameters<typeof ask>): Promise<{ response: Promise<Response> }> {
  const before = provider.received.length + (await queued());
  const response = ask(...args);
  response.catch(() => {});
  await expect
    .poll(async () => provider.received.length + (await queued()), { timeout: 10_000 })
    .toBe(before + 1);
  return { response };
}

describe("a call in line", () => {
  test("stands there for no longer than half of its time, and is told when to come back", async () => {
    await begun("first");
    const chats = createClient(ChatService, grpcTo(gateway.url, plain));
    const refused = chats.chat({ message: "second" }, { timeoutMs: 400 }).catch((thrown) => thrown);
    const error = (await refused) as ConnectError;
    expect(error.rawMessage).toMatch(/none had a place within \d+ ms \(half of the call's time\)/);
    expect(reasonOf(error)).toBe("OVERLOADED");
    const retryAfterMs = retryAfterMsFrom(error) ?? 0;
    expect(retryAfterMs).toBeGreaterThanOrEqual(1_000);
    expect(retryAfterMs).toBeLessThanOrEqual(3_000);
  });

  test("is served when a place is free; its log line, its entry and the metrics tell how long that took", async () => {
    const first = await begun("first");
    const second = await begun("second");
    expect(await queued()).toBe(1);
    expect(arrived()).toEqual(["first"]);
    holds[0]?.resolve();
    await vi.waitUntil(() => holds.length === 2, { interval: 5 });
    holds[1]?.resolve();
    expect([(await first.response).status, (await second.response).status]).toEqual([200, 200]);
    expect(arrived()).toEqual(["first", "second"]);
    const requests = createClient(RequestsService, grpcTo(gateway.url, admin));
    await expect.poll(async () => (await requests.listRequests({})).requests.length).toBe(2);
    const entries = (await requests.listRequests({})).requests;
    const waited = entries.find(({ queueMs }) => queueMs > 0);
    expect(entries.filter(({ queueMs }) => queueMs === 0).length).toBe(1);
    if (waited === undefined) throw new Error("nobody waited");
    // The time in line is the backend's, not the gateway's own.
    expect(waited.upstreamMs).toBeGreaterThanOrEqual(waited.queueMs);
    const { attempts } = await requests.getRequest({ requestId: waited.requestId });
    expect(attempts[0]?.startMs).toBeGreaterThanOrEqual(waited.queueMs);
    const overheadMs = Number((await second.response).headers.get("x-polygate-overhead-ms"));
    expect(overheadMs + waited.queueMs).toBeLessThanOrEqual(waited.durationMs);
    const line = await gateway.line(({ queue_ms }) => queue_ms !== undefined);
    expect(line).toMatchObject({ msg: "call", code: "OK", queue_ms: waited.queueMs });
    expect(await page()).toContain(
      'load_balancer_queue_wait_seconds_count{provider="double",end="served"} 1',
    );
    expect(await queued()).toBe(0);
  });

  test("is one of so many; the next one is refused in its API's words, which name the setting", async () => {
    const all = [];
    for (const name of ["a", "b", "c", "d"]) all.push(await begun(name));
    const refused = await ask("one more");
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining("(queue_max)"),
    ]);
    expect(await page()).toContain('load_balancer_queue_full_total{provider="double"} 1');
    expect(all.length).toBe(4);
  });

  test.each(["double", "drained"])(
    "whose client leaves is gone at once, and reaches no provider (%s)",
    async (model) => {
      await begun("first");
      const client = new AbortController();
      const { response } = await begun("second", { model, signal: client.signal });
      client.abort();
      await expect(response).rejects.toThrow();
      await expect.poll(queued, { timeout: 10_000 }).toBe(0);
      holds[0]?.resolve();
      const line = await gateway.line(({ queue_ms }) => queue_ms !== undefined);
      expect(line).toMatchObject({ code: "CANCELLED" });
      expect(line.drained_ms).toBeUndefined();
      expect(arrived()).toEqual(["first"]);
    },
  );

  test("fails at once when an operator drains the only provider that could serve it", async () => {
    const first = await begun("first");
    const { response } = await begun("second");
    const backends = createClient(BackendsService, grpcTo(gateway.url, admin));
    await backends.drainBackend({ backend: "double" });
    expect((await response).status).toBe(503);
    expect(await queued()).toBe(0);
    // What is under way goes on.
    holds[0]?.resolve();
    expect((await first.response).status).toBe(200);
    expect(await page()).toContain(
      'load_balancer_queue_wait_seconds_count{provider="double",end="dismissed"} 1',
    );
  });

  test("of a gateway that stops is told so", async () => {
    await begun("first");
    const { response } = await begun("second");
    const over = gateway.gateway.drain();
    expect((await response).status).toBe(503);
    await over;
    expect(arrived()).toEqual(["first"]);
  });
});

describe("x-polygate-priority", () => {
  test("orders the line: high before normal before low, and those of one level as they came", async () => {
    await begun("first");
    await begun("low", { priority: "low" });
    await begun("normal");
    await begun("high", { key: urgent, priority: "high" });
    for (let at = 0; at < 4; at += 1) {
      await vi.waitUntil(() => holds.length > at, { interval: 5 });
      holds[at]?.resolve();
    }
    await vi.waitUntil(() => provider.received.length === 4, { interval: 5 });
    expect(arrived()).toEqual(["first", "high", "normal", "low"]);
  });

  test("high is normal for a key without the scope `priority`; an admin has it", async () => {
    await begun("first");
    await begun("normal");
    await begun("would be high", { priority: "high" });
    await begun("high", { key: admin, priority: "high" });
    for (let at = 0; at < 4; at += 1) {
      await vi.waitUntil(() => holds.length > at, { interval: 5 });
      holds[at]?.resolve();
    }
    await vi.waitUntil(() => provider.received.length === 4, { interval: 5 });
    expect(arrived()).toEqual(["first", "high", "normal", "would be high"]);
  });

  test("a key with the scope `batch` is low, whatever it says", async () => {
    await begun("first");
    await begun("nightly", { key: nightly, priority: "high" });
    await begun("normal");
    for (let at = 0; at < 3; at += 1) {
      await vi.waitUntil(() => holds.length > at, { interval: 5 });
      holds[at]?.resolve();
    }
    await vi.waitUntil(() => provider.received.length === 3, { interval: 5 });
    expect(arrived()).toEqual(["first", "normal", "nightly"]);
  });

  test.each(["urgent", "HIGH", ""])("%j is refused, and the header is named", async (priority) => {
    const refused = await ask("first", { priority });
    const body = (await refused.json()) as { error: { message: string } };
    expect([refused.status, body.error.message]).toEqual([
      400,
      "x-polygate-priority: expected high, normal, low",
    ]);
    const chats = createClient(ChatService, grpcTo(gateway.url, plain));
    await expect(
      chats.chat({ message: "Hi" }, { headers: { "x-polygate-priority": priority } }),
    ).rejects.toThrow("x-polygate-priority: expected high, normal, low");
    expect(provider.received.length).toBe(0);
  });
});
