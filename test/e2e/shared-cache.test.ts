/** Responses that gateways share in a real Redis: what one was told another one tells, to the same caller, until it is let go. */

import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { describeWith } from "../support/needs.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { missingRedis, type RedisServer, startRedis } from "../support/redis-server.ts";

const alice = "alices-key-that-is-long-enough";
const bob = "bobs-key-that-is-long-enough";
const admin = "admins-key-that-is-long-enough";

interface Ask {
  readonly key?: string;
  readonly cache?: string;
  readonly stream?: boolean;
}

/** What the cache said, and the response. */
async function chat(gateway: RunningGateway, { key = alice, cache, stream = false }: Ask = {}) {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(cache === undefined ? {} : { "x-polygate-cache": cache }),
    },
    body: JSON.stringify({ model: "cached", stream, messages: [{ role: "user", content: "Hi" }] }),
  });
  const { headers, status } = response;
  return { status, result: headers.get("x-polygate-cache"), headers, text: await response.text() };
}

const resultsOf = async (...asked: Promise<{ result: string | null }>[]) =>
  (await Promise.all(asked)).map(({ result }) => result);

describeWith(missingRedis)("the cache that gateways share", () => {
  let server: RedisServer;
  let provider: ProviderDouble;
  beforeAll(async () => {
    server = await startRedis();
    provider = await startProvider("openai-chat");
  });
  afterAll(async () => {
    await provider[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(() => void server.cli("flushall"));

  /** Commands have more time than a busy machine needs. */
  const start = (cache = "", url = server.url, timeout = "10s") =>
    startTestGateway({
      env: { REDIS_URL: url },
      yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: alice, key: ${alice} }, { name: bob, key: ${bob} }, { name: admin, key: ${admin}, scopes: [admin] }] }
providers:
  chat: { dialect: openai, base_url: "${provider.url}", api_key: upstream, default_model: double }
routes: { cached: chat/double }
cache: { models: [cached], store: redis${cache} }
redis: { timeout: ${timeout} }
`,
    });
  /** Resolves when so many responses have been left in Redis. */
  const left = async (count: number) => {
    const keys = () => server.cli("keys", "polygate:1:response:*").split("\n").filter(Boolean);
    while (keys().length < count) await new Promise((resolve) => setTimeout(resolve, 10));
    return keys();
  };

  test("what one gateway was told another one tells, whole or as a stream, byte for byte, and the provider is not asked", async () => {
    await using one = await start();
    await using other = await start();
    const asked = provider.received.length;
    const first = await chat(one);
    const streamed = await chat(one, { stream: true });
    await left(2);
    const again = await chat(other);
    const streamedAgain = await chat(other, { stream: true });
    expect([first, streamed, again, streamedAgain].map(({ result }) => result)).toEqual([
      ...["miss", "miss", "hit", "hit"],
    ]);
    expect([again.text, streamedAgain.text]).toEqual([first.text, streamed.text]);
    expect(again.headers.get("x-polygate-attempts")).toBe("0");
    expect(again.headers.get("x-polygate-provider")).toBe("chat");
    expect(provider.received.length).toBe(asked + 2);
    // From now on it is in memory here as well.
    server.cli("flushall");
    expect(await resultsOf(chat(other))).toEqual(["hit"]);
  });

  test("callers are as far apart as in memory, and keys in Redis tell neither callers nor chats", async () => {
    await using one = await start();
    await using other = await start();
    await chat(one);
    const [key = ""] = await left(1);
    expect(await resultsOf(chat(other, { key: bob }))).toEqual(["miss"]);
    expect(await resultsOf(chat(other))).toEqual(["hit"]);
    expect(key).toMatch(/^polygate:1:response:[\w-]{43}$/);
    expect(Number(server.cli("pttl", key))).toBeGreaterThan(0);
  });

  test("what a chat asks of the cache holds for both levels", async () => {
    await using one = await start();
    await using other = await start();
    expect(await resultsOf(chat(one, { cache: "no-store" }))).toEqual(["bypass"]);
    await chat(one);
    await left(1);
    expect(await resultsOf(chat(other, { cache: "refresh" }))).toEqual(["miss"]);
  });

  test("what one gateway lets go all let go", async () => {
    await using one = await start();
    await using other = await start();
    await using third = await start();
    await chat(one);
    await left(1);
    expect(await resultsOf(chat(other))).toEqual(["hit"]);
    const purged = await fetch(`${one.url}/polygate.v1.CacheService/Purge`, {
      method: "POST",
      headers: { authorization: `Bearer ${admin}`, "content-type": "application/json" },
      body: JSON.stringify({ model: "cached" }),
    });
    expect(await purged.json()).toMatchObject({ entries: 1 });
    // Others look once a second.
    while ((await chat(other)).result !== "miss");
    await left(2);
    expect(await resultsOf(chat(one), chat(third))).toEqual(["hit", "hit"]);
  });

  test("a response that is longer than one may be is not left; nor is one read", async () => {
    await using one = await start();
    await using strict = await start(", max_entry_size: 300B");
    await chat(one);
    await left(1);
    expect(await resultsOf(chat(strict))).toEqual(["miss"]);
    server.cli("flushall");
    await chat(strict, { key: bob });
    await chat(one, { cache: "refresh" });
    expect(await left(1)).toHaveLength(1);
  });

  test("while Redis is away every gateway has its own, says so once, and no call waits for it", async () => {
    await using own = await startRedis();
    await using one = await start("", own.url, "50ms");
    await chat(one);
    own.freeze();
    const told = () => one.lines.filter(({ msg }) => String(msg).startsWith("Redis"));
    for (let count = 0; told().length === 0; count += 1) {
      expect((await chat(one, { cache: "use", key: count % 2 === 0 ? bob : admin })).status).toBe(
        200,
      );
      await chat(one, { cache: "refresh" });
    }
    expect(told().map(({ msg }) => msg)).toEqual([
      "Redis is away: cached responses are not shared",
    ]);
    expect(await resultsOf(chat(one))).toEqual(["hit"]);
    own.thaw();
    await one.line(({ msg }) => msg === "Redis answers again: cached responses are shared");
  });
});
