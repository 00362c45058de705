/** Equal chats share one response where their model or they themselves ask for it; each caller its own, unless told otherwise. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";

const alice = "alices-key-that-is-long-enough";
const bob = "bobs-key-that-is-long-enough";
const admin = "admins-key-that-is-long-enough";

let chat: ProviderDouble;
let anthropic: ProviderDouble;
let gateway: RunningGateway;

async function start(cache: string): Promise<void> {
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: alice, key: ${alice} }, { name: bob, key: ${bob} }, { name: admin, key: ${admin}, scopes: [admin] }] }
load_balancer: { retry_attempts: 0 }
providers:
  chat: { dialect: openai, base_url: "${chat.url}", api_key: upstream, default_model: double, prices: { double: { input: 1000, output: 1000 } } }
  anthropic: { dialect: anthropic, base_url: "${anthropic.url}", api_key: upstream, default_model: double }
routes: { cached: chat/double, other: chat/double }
cache: ${cache}
`,
  });
}

beforeEach(async () => {
  chat = await startProvider("openai-chat");
  anthropic = await startProvider("anthropic");
  await start("{ models: [cached] }");
}, 30_000);

afterEach(async () => {
  await gateway[Symbol.asyncDispose]();
  await chat[Symbol.asyncDispose]();
  await anthropic[Symbol.asyncDispose]();
});

interface Ask {
  readonly path?: string;
  readonly key?: string;
  readonly cache?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** Asks, in bytes where the bytes count. */
function post(body: unknown, ask: Ask = {}): Promise<Response> {
  const { path = "/v1/chat/completions", key = alice, cache, headers = {}, signal } = ask;
  return fetch(gateway.url + path, {
    method: "POST",
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      ...(cache === undefined ? {} : { "x-polygate-cache": cache }),
      ...headers,
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

const hi = (model: string, more = {}) => ({
  model,
  messages: [{ role: "user", content: "Hi" }],
  ...more,
});

interface Seen {
  readonly result: string | null;
  readonly text: string;
  readonly response: Response;
}

async function seen(asked: Promise<Response>): Promise<Seen> {
  const response = await asked;
  return {
    result: response.headers.get("x-polygate-cache"),
    text: await response.text(),
    response,
  };
}

const asked = () => chat.received.length;

describe("who is answered from the cache", () => {
  test("a model of `cache.models` without asking; any other when the call asks, and without a word of it when not", async () => {
    const first = await seen(post(hi("cached")));
    const second = await seen(post(hi("cached")));
    expect([first.result, second.result]).toEqual(["miss", "hit"]);
    expect(second.text).toBe(first.text);
    expect((await seen(post(hi("other")))).result).toBeNull();
    expect((await seen(post(hi("other"), { cache: "use" }))).result).toBe("miss");
    expect((await seen(post(hi("other"), { cache: "use" }))).result).toBe("hit");
    expect(asked()).toBe(3);
  });

  test("a hit tells where the response came from, and that nobody was asked", async () => {
    await seen(post(hi("cached")));
    const { headers } = (await seen(post(hi("cached")))).response;
    expect(headers.get("x-polygate-provider")).toBe("chat");
    expect(headers.get("x-polygate-model")).toBe("double");
    expect(headers.get("x-polygate-attempts")).toBe("0");
    expect(headers.get("content-type")).toBe("application/json");
  });

  test("`refresh` asks anew and gives that to those behind it; `no-store` asks and leaves no trace", async () => {
    await seen(post(hi("cached")));
    chat.script = { text: "New words" };
    const passed = await seen(post(hi("cached"), { cache: "no-store" }));
    expect(passed.result).toBe("bypass");
    expect(passed.text).toContain("New words");
    expect((await seen(post(hi("cached")))).text).toContain("Hello there");
    const fresh = await seen(post(hi("cached"), { cache: "refresh" }));
    expect(fresh.result).toBe("miss");
    expect(fresh.text).toContain("New words");
    expect((await seen(post(hi("cached")))).text).toContain("New words");
  });

  test("any other wish is refused, and names the header", async () => {
    const { response, text } = await seen(post(hi("cached"), { cache: "always" }));
    expect(response.status).toBe(400);
    expect(text).toContain("x-polygate-cache: expected use, refresh, no-store");
    expect(asked()).toBe(0);
  });

  test("what depends on more than the request, or does more than respond, is not", async () => {
    const body = { message: "Hi", modelPreference: "cached" };
    const path = "/polygate.v1.ChatService/Chat";
    for (const more of [{ sessionId: "s" }, { useTools: true }]) {
      const both = [
        await seen(post({ ...body, ...more }, { path })),
        await seen(post({ ...body, ...more }, { path })),
      ];
      expect(both.map(({ result }) => result)).toEqual(["bypass", "bypass"]);
    }
    for (const more of [{ background: true }, { input: [{ type: "item_reference", id: "m" }] }]) {
      const stored = await seen(
        post({ model: "cached", input: "Hi", ...more }, { path: "/v1/responses" }),
      );
      // The target has no such thing, and the cache keeps nothing that depends on what is kept elsewhere.
      expect([stored.response.status, stored.result]).toEqual([400, "bypass"]);
    }
    expect((await seen(post(body, { path }))).result).toBe("miss");
    expect((await seen(post(body, { path }))).result).toBe("hit");
  });

  test("nobody while the cache is off", async () => {
    await gateway[Symbol.asyncDispose]();
    await start("{ enabled: false, models: [cached] }");
    expect((await seen(post(hi("cached")))).result).toBeNull();
    expect((await seen(post(hi("cached"), { cache: "use" }))).result).toBe("bypass");
    expect(asked()).toBe(2);
  });
});

describe("what counts as equal", () => {
  test("the bytes: another field, another number of the same value, another order are other calls", async () => {
    const bodies = [
      '{"model":"cached","messages":[{"role":"user","content":"Hi"}]}',
      '{"model":"cached","messages":[{"role":"user","content":"Hi"}],"fancy":1}',
      '{"model":"cached","messages":[{"role":"user","content":"Hi"}],"seed":9007199254740993}',
      '{"model":"cached","messages":[{"role":"user","content":"Hi"}],"seed":9007199254740992}',
      '{"messages":[{"role":"user","content":"Hi"}],"model":"cached"}',
      '{"model":"cached","messages":[{"role":"user","content":"no"}],"messages":[{"role":"user","content":"Hi"}]}',
    ];
    for (const body of bodies) expect((await seen(post(body))).result).toBe("miss");
    for (const body of bodies) expect((await seen(post(body))).result).toBe("hit");
  });

  test("the headers that reach the provider", async () => {
    const body = hi("anthropic", { max_tokens: 5 });
    const path = "/v1/messages";
    const with_ = (beta: string) =>
      seen(post(body, { path, cache: "use", headers: { "anthropic-beta": beta } }));
    expect((await with_("one")).result).toBe("miss");
    expect((await with_("two")).result).toBe("miss");
    expect((await with_("one")).result).toBe("hit");
  });

  test("the model by the client's name for it, the client's dialect, and whether it streams", async () => {
    const cache = "use";
    expect((await seen(post(hi("cached"), { cache }))).result).toBe("miss");
    expect((await seen(post(hi("other"), { cache }))).result).toBe("miss");
    expect((await seen(post(hi("cached", { stream: true }), { cache }))).result).toBe("miss");
    const path = "/v1/messages";
    const asAnthropic = await seen(post(hi("cached", { max_tokens: 5 }), { path, cache }));
    expect(asAnthropic.result).toBe("miss");
    expect(asAnthropic.text).toContain('"type":"message"');
    for (const method of ["generateContent", "streamGenerateContent"]) {
      const body = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };
      const gemini = { path: `/v1beta/models/cached:${method}`, cache };
      expect((await seen(post(body, gemini))).result).toBe("miss");
      expect((await seen(post(body, gemini))).result).toBe("hit");
    }
  });

  test("the caller: nobody gets another's response, unless `cache.shared` says so", async () => {
    await seen(post(hi("cached")));
    expect((await seen(post(hi("cached"), { key: bob }))).result).toBe("miss");
    expect((await seen(post(hi("cached"), { key: bob }))).result).toBe("hit");
    await gateway[Symbol.asyncDispose]();
    await start("{ models: [cached], shared: true }");
    expect((await seen(post(hi("cached")))).result).toBe("miss");
    expect((await seen(post(hi("cached"), { key: bob }))).result).toBe("hit");
  });
});

describe("streams", () => {
  test("are given as streams, relayed ones byte for byte, translated ones event for event", async () => {
    for (const [path, body] of [
      ["/v1/chat/completions", hi("cached", { stream: true })],
      ["/v1/messages", hi("cached", { stream: true, max_tokens: 5 })],
      ["/v1/responses", { model: "cached", input: "Hi", stream: true }],
    ] as const) {
      const before = asked();
      const first = await seen(post(body, { path }));
      const second = await seen(post(body, { path }));
      expect([first.result, second.result]).toEqual(["miss", "hit"]);
      expect(second.response.headers.get("content-type")).toBe("text/event-stream");
      // What the gateway itself makes up is each response's own.
      const own = /"(created|created_at|completed_at)":\d+|msg_req_[0-9a-f-]+/g;
      expect(second.text.replace(own, "")).toBe(first.text.replace(own, ""));
      expect(second.text.match(/\n\n/g)?.length).toBeGreaterThan(3);
      expect(asked()).toBe(before + 1);
    }
  });

  test("of the gateway's own API come again piece for piece, at no cost", async () => {
    const path = "/api/v1/chat:stream";
    const body = { message: "Hi", model_preference: "cached" };
    const events = async () => {
      const { result, text } = await seen(post(body, { path }));
      const pieces = text
        .split("\n")
        .filter((line) => line.startsWith("data: "))
        .map((line) => JSON.parse(line.slice(6)));
      return { result, pieces };
    };
    const first = await events();
    const second = await events();
    expect([first.result, second.result]).toEqual(["miss", "hit"]);
    expect(second.pieces.map(({ delta }) => delta)).toEqual(first.pieces.map(({ delta }) => delta));
    expect(first.pieces.at(-1).cost).toBeGreaterThan(0);
    expect(second.pieces.at(-1)).toMatchObject({ done: true, cost: 0 });
    expect(second.pieces.at(-1).usage).toEqual(first.pieces.at(-1).usage);
  });

  test("under way are joined from their beginning; who began may leave, and the last to leave ends the call", async () => {
    const frame = (delta: unknown, finish: string | null = null) =>
      `data: ${JSON.stringify({ id: "c", choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
    chat.faults.push({ kind: "bytes", bytes: frame({ content: "one" }), isOpen: true });
    const body = hi("cached", { stream: true });
    const leave = [new AbortController(), new AbortController()] as const;
    const read = async (signal: AbortSignal) => {
      const response = await post(body, { signal });
      const reader = response.body?.getReader();
      const first = Buffer.from((await reader?.read())?.value ?? []).toString();
      reader?.closed.catch(() => {});
      return { first, result: response.headers.get("x-polygate-cache") };
    };
    const began = await read(leave[0].signal);
    const joined = await read(leave[1].signal);
    expect([began.result, joined.result]).toEqual(["miss", "hit"]);
    expect(joined.first).toBe(began.first);
    expect(asked()).toBe(1);
    leave[0].abort();
    await gateway.line((line) => line.reason === "CANCELLED");
    expect(chat.open()).toBe(1);
    leave[1].abort();
    await expect.poll(() => chat.abortedAtMs.length, { timeout: 5_000 }).toBe(1);
    // Nothing of it is kept.
    expect((await seen(post(body))).result).toBe("miss");
  });
});

describe("equal calls at one time", () => {
  test("ask the provider once", async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => seen(post(hi("cached")))));
    expect(new Set(all.map(({ text }) => text)).size).toBe(1);
    expect(all.filter(({ result }) => result === "miss")).toHaveLength(1);
    expect(asked()).toBe(1);
  });

  test("share its failure, each in its own words, and it is not kept", async () => {
    chat.faults.push({ kind: "status", status: 400, body: { error: { message: "no", x: 1.5 } } });
    const all = await Promise.all([seen(post(hi("cached"))), seen(post(hi("cached")))]);
    for (const { response, text } of all) {
      expect(response.status).toBe(400);
      expect(JSON.parse(text)).toEqual({ error: { message: "no", x: 1.5 } });
    }
    expect(asked()).toBe(1);
    const after = await seen(post(hi("cached")));
    expect([after.result, after.response.status]).toEqual(["miss", 200]);
  });
});

describe("what is never kept", () => {
  const choice = (finish: string) =>
    `{"id":"c","choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"${finish}"}]}`;

  test.each(["length", "content_filter"])("a whole response that ended by %s", async (finish) => {
    chat.faults.push({ kind: "bytes", bytes: choice(finish) });
    expect((await seen(post(hi("cached")))).text).toBe(choice(finish));
    expect((await seen(post(hi("cached")))).result).toBe("miss");
  });

  test("a response of which one of several is not whole", async () => {
    const bytes = choice("stop").replace(
      "]}",
      ',{"index":1,"message":{"content":"b"},"finish_reason":"length"}]}',
    );
    chat.faults.push({ kind: "bytes", bytes });
    expect((await seen(post(hi("cached")))).text).toBe(bytes);
    expect((await seen(post(hi("cached")))).result).toBe("miss");
  });

  test("a stream that was cut, that failed, or that ended at its bound", async () => {
    const body = hi("cached", { stream: true });
    const length =
      'data: {"id":"c","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n';
    chat.faults.push(
      { kind: "cut_after", frames: 3 },
      { kind: "error_after", frames: 3 },
      { kind: "bytes", bytes: length },
    );
    for (let call = 0; call < 4; call += 1) {
      expect((await seen(post(body))).result, `call ${call}`).toBe("miss");
    }
    expect((await seen(post(body))).result).toBe("hit");
  });

  test("a response that is longer than one may be", async () => {
    await gateway[Symbol.asyncDispose]();
    await start("{ models: [cached], max_size: 10kB, max_entry_size: 2kB }");
    chat.script = { text: "x".repeat(3_000) };
    const long = await seen(post(hi("cached")));
    expect(long.text).toContain(chat.script.text);
    expect((await seen(post(hi("cached")))).result).toBe("miss");
    chat.script = { text: "short" };
    await seen(post(hi("cached")));
    expect((await seen(post(hi("cached")))).result).toBe("hit");
  });
});

describe("a purge", () => {
  const purge = (body: unknown, key: string) => post(body, { path: "/api/v1/cache:purge", key });

  test("lets go of one model's responses, or of all, and tells how many", async () => {
    await seen(post(hi("cached")));
    await seen(post(hi("other"), { cache: "use" }));
    const one = await seen(purge({ model: "cached" }, admin));
    expect(JSON.parse(one.text)).toMatchObject({ entries: 1 });
    expect(JSON.parse(one.text).bytes).toBeGreaterThan(100);
    expect((await seen(post(hi("other"), { cache: "use" }))).result).toBe("hit");
    expect((await seen(post(hi("cached")))).result).toBe("miss");
    expect(JSON.parse((await seen(purge({}, admin))).text)).toMatchObject({ entries: 2 });
    expect((await seen(post(hi("other"), { cache: "use" }))).result).toBe("miss");
  });

  test("needs the scope admin", async () => {
    const { response, text } = await seen(purge({}, alice));
    expect(response.status).toBe(403);
    expect(text).toContain("SCOPE_REQUIRED");
  });
});

test("metrics count hits, misses and bypasses, and what is kept; a hit adds no tokens and no request to a backend", async () => {
  await seen(post(hi("cached")));
  const read = async () => {
    const { text } = await seen(
      fetch(`${gateway.url}/metrics`, { headers: { authorization: `Bearer ${admin}` } }),
    );
    return (name: string) =>
      Number(new RegExp(`^${name.replace(/[{}]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1]);
  };
  const stats = async () =>
    JSON.parse(
      (await seen(fetch(`${gateway.url}/stats`, { headers: { authorization: `Bearer ${admin}` } })))
        .text,
    ).models.double;
  const before = await stats();
  await seen(post(hi("cached")));
  await seen(post(hi("cached"), { cache: "no-store" }));
  const sample = await read();
  expect(sample('gateway_cache_requests_total{result="hit"}')).toBe(1);
  expect(sample('gateway_cache_requests_total{result="miss"}')).toBe(1);
  expect(sample('gateway_cache_requests_total{result="bypass"}')).toBe(1);
  expect(sample("gateway_cache_entries")).toBe(1);
  expect(sample("gateway_cache_bytes")).toBeGreaterThan(100);
  expect(sample('ai_gateway_requests_total{backend="llm",status="OK"}')).toBe(2);
  const after = await stats();
  expect(after.requests).toBe(before.requests + 2);
  expect(after.tokens).toBe(before.tokens + 8);
});
