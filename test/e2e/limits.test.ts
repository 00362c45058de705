/** Limits of every tier on a whole gateway: tokens and money of real streams, places in progress, and what clients read of them. */

import { readFileSync } from "node:fs";
import { type Client, createClient } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { LimitsService } from "#gen/polygate/v1/limits_pb.js";
import { digitImage, type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { grpcTo } from "../support/transports.ts";

const admin = "an-admin-key-that-is-long-enough";
const plain = "a-plain-key-that-is-long-enough";
/** US dollars a token, in and out: a call of the doubles has 8. */
const perToken = 0.001;

let first: ProviderDouble;
let second: ProviderDouble;
let gateway: RunningGateway | undefined;
/** An administrator's client. */
let limitsClient: Client<typeof LimitsService>;
let release = (): void => {};

beforeEach(async () => {
  first = await startProvider("openai-chat");
  second = await startProvider("openai-chat");
}, 30_000);

afterEach(async () => {
  release();
  await gateway?.[Symbol.asyncDispose]();
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
});

async function start(limits: string): Promise<RunningGateway> {
  const price = `prices: { double: { input: ${perToken * 1e6}, output: ${perToken * 1e6} } }`;
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth:
  keys:
    - { name: ops, key: ${admin}, scopes: [admin] }
    - { name: plain, key: ${plain} }
providers:
  first: { dialect: openai, base_url: "${first.url}", api_key: k, ${price} }
  second: { dialect: openai, base_url: "${second.url}", api_key: k, ${price} }
routes:
  both: { fallback: [{ provider: first, model: double }, { provider: second, model: double }] }
  copied: { weighted: [{ provider: first, model: double }], mirror: { to: second/other, share: 100% } }
  hedged: { fallback: [first/double, second/double], hedge: 20ms }
  cached: first/double
cache: { models: [cached] }
rate_limiting:
  burst: 100000
  requests_per_minute: 0.001
${limits}
`,
  });
  limitsClient = createClient(LimitsService, grpcTo(gateway.url, admin));
  return gateway;
}

/** A chat of four tokens, by OpenAI's API unless the path is another's. */
function ask(
  body: object = {},
  {
    path = "/v1/chat/completions",
    key = plain,
    signal,
  }: { path?: string; key?: string; signal?: AbortSignal } = {},
) {
  return fetch(`${gateway?.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({
      model: "first/double",
      messages: [{ role: "user", content: "sixteen letters." }],
      ...body,
    }),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function done(...args: Parameters<typeof ask>): Promise<Response> {
  const response = await ask(...args);
  await response.text();
  return response;
}

/** What is left of a limit, as LimitsService tells. */
async function left(tier: string, name: string, unit: string): Promise<number | undefined> {
  const { limits } = await limitsClient.getLimit({ tier, name });
  return limits.find((limit) => limit.unit === unit)?.remaining;
}

/** Lets the first provider hold its responses, streams after so many frames. */
function hold(frames: number): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  release = resolve;
  first.illness = { kind: "hold", frames, until: promise };
}

test("a retry that a limit turns away ends the call with what it was retried for, which costs its request", async () => {
  await start("  providers:\n    - { provider: second, requests_per_minute: 0.001, burst: 1 }");
  expect((await done({ model: "second/double" })).status).toBe(200);
  first.illness = { kind: "status", status: 503 };
  const failed = await ask({ model: "both" });
  expect([failed.status, await failed.text()]).toEqual([503, expect.not.stringContaining("limit")]);
  expect(second.received.length).toBe(1);
  expect(await left("principal", "key:plain", "requests")).toBeCloseTo(100_000 - 2, 1);
});

describe("money of a call", () => {
  const budget = "  budget: { usd: 1, period: month }";

  test("is reserved while it is in progress, and then what it cost is taken", async () => {
    await start(budget);
    hold(0);
    const response = done({ max_tokens: 96 });
    await vi.waitUntil(() => first.received.length === 1, { interval: 5 });
    expect(await left("principal", "key:plain", "usd")).toBeCloseTo(1 - 100 * perToken, 6);
    release();
    expect((await response).status).toBe(200);
    expect(await left("principal", "key:plain", "usd")).toBeCloseTo(1 - 8 * perToken, 6);
  });

  test("is that of the provider that answered, and nothing of one that another outran", async () => {
    await start(budget);
    hold(0);
    const response = await done({ model: "hedged", max_tokens: 96 });
    expect(response.status).toBe(200);
    expect([first.received.length, second.received.length]).toEqual([1, 1]);
    expect(await left("principal", "key:plain", "usd")).toBeCloseTo(1 - 8 * perToken, 6);
  });

  test("that may cost more than is left is refused, costs nothing and names the budget", async () => {
    await start("  budget: { usd: 0.05, period: month }");
    expect((await done({ max_tokens: 20 })).status).toBe(200);
    const refused = await ask({ max_tokens: 46 });
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining("principal's budget of 0.05 US dollars per month is used up"),
    ]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const page = await (await fetch(`${gateway?.url}/metrics`)).text();
    expect(page).toContain('rate_limit_blocks_total{client_id="plain"} 1');
    expect(first.received).toHaveLength(1);
    expect(await left("principal", "key:plain", "usd")).toBeCloseTo(0.05 - 8 * perToken, 6);
    expect(await left("principal", "key:plain", "requests")).toBeCloseTo(100_000 - 1, 1);
    expect((await done({ max_tokens: 20 })).status).toBe(200);
  });

  test("of a stream that is cut is that of the prompt and of what had come", async () => {
    first.script = { text: "x".repeat(80) };
    await start(budget);
    hold(2);
    const leaving = new AbortController();
    const response = await ask({ max_tokens: 500, stream: true }, { signal: leaving.signal });
    const reader = response.body?.getReader();
    await reader?.read();
    leaving.abort();
    await reader?.read().catch(() => {});
    // Two frames: the role, and half of the text.
    await expect
      .poll(() => left("principal", "key:plain", "usd"))
      .toBeCloseTo(1 - (4 + 10) * perToken, 6);
  });

  test("that fails, or that its client leaves before the first word, is nothing, or the prompt's", async () => {
    await start(budget);
    first.faults.push({ kind: "status", status: 400 } as never);
    expect((await done()).status).toBe(400);
    expect(await left("principal", "key:plain", "usd")).toBe(1);
    hold(0);
    const leaving = new AbortController();
    const response = done({}, { signal: leaving.signal });
    await vi.waitUntil(() => first.received.length === 2, { interval: 5 });
    leaving.abort();
    await expect(response).rejects.toThrow();
    await expect.poll(() => left("principal", "key:plain", "usd")).toBeCloseTo(1 - 4 * perToken, 6);
  });

  test("that was answered from the cache, or joined another in progress, is nothing", async () => {
    await start(budget);
    hold(0);
    const asked = Array.from({ length: 3 }, () => done({ model: "cached" }));
    await vi.waitUntil(() => first.received.length === 1, { interval: 5 });
    await expect.poll(() => left("principal", "key:plain", "requests")).toBeLessThan(100_000 - 2);
    release();
    expect((await Promise.all(asked)).map(({ status }) => status)).toEqual([200, 200, 200]);
    const kept = await done({ model: "cached" });
    expect(kept.headers.get("x-polygate-cache")).toBe("hit");
    expect(first.received).toHaveLength(1);
    expect(await left("principal", "key:plain", "usd")).toBeCloseTo(1 - 8 * perToken, 6);
  });

  test("beyond a budget that warns is told by header, by a line once a period and by a metric", async () => {
    const { lines, url } = await start("  budget: { usd: 0.01, period: day, on_exceeded: warn }");
    const told = [];
    for (let call = 0; call < 4; call += 1) {
      told.push((await done({ max_tokens: 1 })).headers.get("x-polygate-budget-spent"));
    }
    expect(told).toEqual([null, null, "principal", "principal"]);
    expect(lines.filter(({ msg }) => msg === "budget spent")).toMatchObject([
      { tier: "principal", name: "key:plain", usd: 0.01, on_exceeded: "warn" },
    ]);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain(
      'budgets_spent_total{tier="principal",on_exceeded="warn"} 1',
    );
  });
});

describe("tokens of a call", () => {
  test("are told in the words of each family, and refused by name", async () => {
    await start("  tokens_per_minute: 60");
    const openai = await done({ max_tokens: 20 });
    expect(openai.headers.get("x-ratelimit-limit-tokens")).toBe("60");
    expect(openai.headers.get("x-ratelimit-remaining-tokens")).toBe("36");
    expect(openai.headers.get("x-ratelimit-reset-tokens")).toBe("24s");
    expect(openai.headers.get("x-ratelimit-limit-requests")).toBe("100000");
    expect(openai.headers.has("anthropic-ratelimit-tokens-limit")).toBe(false);
    const anthropic = await done({ max_tokens: 20 }, { path: "/v1/messages" });
    expect(anthropic.headers.get("anthropic-ratelimit-tokens-limit")).toBe("60");
    expect(anthropic.headers.get("anthropic-ratelimit-tokens-reset")).toMatch(/^20.*Z$/);
    expect(anthropic.headers.has("x-ratelimit-limit-tokens")).toBe(false);
    const refused = await ask({ max_tokens: 60 });
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining("principal's limit of 60 tokens per minute"),
    ]);
    expect(refused.headers.get("x-ratelimit-limit-tokens")).toBe("60");
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  });

  test("that are more than a bucket holds need a full one", async () => {
    await start("  tokens_per_minute: 60");
    expect((await done({ max_tokens: 500 })).status).toBe(200);
    expect((await done({ max_tokens: 500 })).status).toBe(429);
  });
});

describe("a provider's limit", () => {
  const one = (name: string) => `    - { provider: ${name}, requests_per_minute: 0.001, burst: 1 }`;

  test("that is used up sends calls to the next target, without a retry", async () => {
    await start(`  providers:\n${one("first")}`);
    const by = [];
    for (let call = 0; call < 3; call += 1) {
      const { status, headers } = await done({ model: "both" });
      by.push([status, headers.get("x-polygate-provider"), headers.get("x-polygate-attempts")]);
    }
    expect(by).toEqual([
      [200, "first", "1"],
      [200, "second", "1"],
      [200, "second", "1"],
    ]);
  });

  test("fails a call by name when no other target is left, and costs the caller nothing", async () => {
    await start(`  providers:\n${one("first")}\n${one("second")}`);
    for (let call = 0; call < 2; call += 1) await done({ model: "both" });
    const refused = await ask({ model: "both" });
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining("provider's (first) limit of 0.001 requests per minute"),
    ]);
    expect(await left("principal", "key:plain", "requests")).toBeCloseTo(100_000 - 2, 1);
  });

  test("of a model holds whatever name it was asked by", async () => {
    await start("  models:\n    - { match: doub*, requests_per_minute: 0.001, burst: 2 }");
    expect((await done({ model: "first/double" })).status).toBe(200);
    expect((await done({ model: "both" })).status).toBe(200);
    const refused = await ask({ model: "second/double" });
    expect([refused.status, await refused.text()]).toEqual([
      429,
      expect.stringContaining("model's (double) limit"),
    ]);
  });
});

describe("a model that predicts", () => {
  const image = () => readFileSync(digitImage(7));
  const predict = (path: string) =>
    fetch(`${gateway?.url}${path}`, {
      method: "POST",
      headers: { authorization: `Bearer ${plain}`, "content-type": "image/png" },
      body: image(),
    });

  test("has its limit by whatever path it is asked, and a refusal costs the caller nothing", async () => {
    await start(
      "  tokens_per_minute: 60\n  models:\n    - { match: onnx/dig*, requests_per_minute: 0.001, burst: 2 }",
    );
    expect((await predict("/api/v1/models/digits:predict")).status).toBe(200);
    expect((await predict("/predict/digits")).status).toBe(200);
    const refused = await predict("/predict/digits");
    expect([refused.status, await refused.json()]).toEqual([
      429,
      {
        error: expect.objectContaining({
          code: "RATE_LIMITED",
          message: expect.stringContaining("model's (onnx/digits) limit of 0.001 requests"),
        }),
      },
    ]);
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
    const oip = await fetch(`${gateway?.url}/v2/models/digits/infer`, {
      method: "POST",
      headers: { authorization: `Bearer ${plain}`, "content-type": "application/json" },
      body: JSON.stringify({
        inputs: [
          { name: "image", datatype: "FP32", shape: [1, 1, 28, 28], data: Array(784).fill(0) },
        ],
      }),
    });
    expect([oip.status, await oip.text()]).toEqual([429, expect.stringContaining("model's")]);
    expect(await left("principal", "key:plain", "requests")).toBeCloseTo(100_000 - 2, 1);
    // There are no tokens in it.
    expect(await left("principal", "key:plain", "tokens")).toBe(60);
  });

  test("has no more calls in progress than it may, and gives each place back", async () => {
    await start("  models:\n    - { match: digits, concurrent_max: 1 }");
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => (await predict("/predict/digits")).status),
    );
    expect(outcomes).toContain(200);
    expect(outcomes.filter((status) => status !== 200 && status !== 429)).toEqual([]);
    expect(await left("model", "digits", "calls")).toBe(1);
    expect((await predict("/predict/digits")).status).toBe(200);
  });
});

test("a copy for a mirror is held to no limit, and takes nothing of any", async () => {
  await start(
    "  budget: { usd: 1, period: month }\n  models:\n    - { match: other, requests_per_minute: 0.001, burst: 1 }",
  );
  for (let call = 0; call < 3; call += 1) await done({ model: "copied", max_tokens: 20 });
  await vi.waitUntil(() => second.received.length === 3, { interval: 5 });
  expect(await left("principal", "key:plain", "requests")).toBeCloseTo(100_000 - 3, 1);
  expect(await left("principal", "key:plain", "usd")).toBeCloseTo(1 - 3 * 8 * perToken, 6);
  // The model's own is as full as if nobody had asked it.
  expect((await done({ model: "second/other" })).status).toBe(200);
  expect((await done({ model: "second/other" })).status).toBe(429);
});

describe("calls in progress", () => {
  test("are as many as a client and a model may have, and no more", async () => {
    await start("  concurrent_max: 2\n  models:\n    - { match: double, concurrent_max: 1 }");
    hold(0);
    const held = done();
    await vi.waitUntil(() => first.received.length === 1, { interval: 5 });
    const ofModel = await ask();
    expect([ofModel.status, await ofModel.text()]).toEqual([
      429,
      expect.stringContaining("model's (double) limit of 1 call at one time is reached"),
    ]);
    expect(await left("principal", "key:plain", "calls")).toBe(1);
    release();
    expect((await held).status).toBe(200);
    first.illness = undefined;
    expect((await done()).status).toBe(200);
  });

  test("hold nothing after two thousand calls of which most were left at any moment", async () => {
    const { lines } = await start(
      "  concurrent_max: 64\n  models:\n    - { match: double, concurrent_max: 8 }",
    );
    let at = 0;
    const client = async () => {
      while (at < 2_000) {
        at += 1;
        // Answers come before and after their clients leave, and so do heads and halves of streams.
        first.delayMs = (at * 7) % 40;
        const leaving = new AbortController();
        const timer = at % 4 === 0 ? undefined : setTimeout(() => leaving.abort(), (at * 5) % 31);
        await done({ stream: at % 2 === 0 }, { signal: leaving.signal }).catch(() => {});
        clearTimeout(timer);
      }
    };
    await Promise.all(Array.from({ length: 48 }, client));
    const ended = { timeout: 20_000 };
    await expect.poll(() => left("principal", "key:plain", "calls"), ended).toBe(64);
    await expect.poll(() => left("model", "double", "calls"), ended).toBe(8);
    const codes = lines.filter(({ msg }) => msg === "call").map(({ code }) => code);
    for (const code of ["OK", "CANCELLED", "RESOURCE_EXHAUSTED"]) expect(codes).toContain(code);
  }, 60_000);
});

test("limits by kind of call hold as the page about them writes them", async () => {
  const page = readFileSync("docs/design/rate-limits.md", "utf8");
  const [, example = ""] = /^```yaml\n([\s\S]*?)^```$/m.exec(page) ?? [];
  gateway = await startTestGateway({
    yaml: `gateway: { host: 127.0.0.1, port: 0 }\nauth: { enabled: false, anonymous_scopes: [admin] }\n${example}`,
  });
  const { url } = gateway;
  const send = async (path: string) => {
    const body = JSON.stringify({ message: "hello" });
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}${path}`, { method: "POST", headers, body });
    await response.text();
    return response.status;
  };
  const many = (path: string, count: number) =>
    Promise.all(Array.from({ length: count }, () => send(path)));
  expect(new Set(await many("/api/llm", 60))).toEqual(new Set([200]));
  // One comes back each second.
  expect(await many("/api/llm", 60)).toContain(429);
  expect(new Set(await many("/api/weather", 60))).toEqual(new Set([200]));
  expect(await send("/api/calculator")).toBe(200);
  const { limits } = await createClient(LimitsService, grpcTo(url, "")).listLimits({
    tier: "route",
  });
  expect(limits.map(({ name, limit, perMinute }) => [name, limit, perMinute])).toEqual([
    ["/api/calculator ip:127.0.0.1", 300, 300],
    ["/api/weather ip:127.0.0.1", 60, 60],
    ["/api/llm ip:127.0.0.1", 60, 60],
  ]);
}, 60_000);

describe("LimitsService", () => {
  test("lists limits that calls met, and fills those of one owner", async () => {
    await start("  tokens_per_minute: 60\n  budget: { usd: 1 }");
    await done();
    const { limits } = await limitsClient.listLimits({
      tier: "principal",
      namePrefix: "key:plain",
    });
    expect(limits.map(({ unit }) => unit)).toEqual(["requests", "tokens", "usd"]);
    expect(limits.map(({ period }) => period)).toEqual([
      "",
      "",
      expect.stringMatching(/^month 20/),
    ]);
    const reset = await limitsClient.resetLimit({ tier: "principal", name: "key:plain" });
    expect(reset.limits.map(({ limit, remaining }) => remaining / limit)).toEqual([1, 1, 1]);
    expect(gateway?.lines).toContainEqual(
      expect.objectContaining({ action: "reset_limit", principal: "ops", name: "key:plain" }),
    );
  });

  test("is for administrators, and names what it does not know", async () => {
    await start("");
    const url = (name: string) => `${gateway?.url}/api/v1/limits/principal?name=${name}`;
    const as = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
    expect((await fetch(url("key:plain"), as(plain))).status).toBe(403);
    expect((await fetch(url("key:nobody"), as(admin))).status).toBe(404);
    expect((await fetch(url(""), as(admin))).status).toBe(400);
    const tier = `${gateway?.url}/api/v1/limits/planet?name=earth`;
    expect((await fetch(tier, as(admin))).status).toBe(400);
  });
});
