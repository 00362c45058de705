/** Hooks judge chats on every surface: real modules and a real endpoint, in front of real provider wires. */

import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { ConnectError, createClient, type Interceptor } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { ChatRequestSchema, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { allow, type HookDouble, startHook, wordsOf } from "../support/hook-double.ts";
import { type ProviderDouble, startProvider } from "../support/provider-double.ts";
import { type TemporaryFolder, temporaryFolder } from "../support/temporary-folder.ts";

const key = "alices-key-that-is-long-enough";
const token = "hook-token-that-is-long-enough";

let openai: ProviderDouble;
let anthropic: ProviderDouble;
let hook: HookDouble;
let folder: TemporaryFolder;
let gateway: RunningGateway | undefined;

/** Starts a gateway with the entries of `hooks`. */
async function start(hooks: string, more = ""): Promise<RunningGateway> {
  gateway = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: alice, key: ${key} }] }
load_balancer: { retry_attempts: 0 }
models: { path: "${folder.path}/models", workers: 1 }
providers:
  openai: { dialect: openai, base_url: "${openai.url}", api_key: upstream-secret, default_model: double }
  claude: { dialect: anthropic, base_url: "${anthropic.url}", api_key: upstream-secret, default_model: double }
routes: { guarded: openai/double, free: openai/double, cached: openai/double, anthropic-guarded: claude/double }
hooks: [${hooks}]
${more}
`,
  });
  return gateway;
}

beforeEach(async () => {
  [openai, anthropic, hook, folder] = await Promise.all([
    startProvider("openai-chat"),
    startProvider("anthropic"),
    startHook(),
    temporaryFolder(),
  ]);
  await folder.write("models/none", "");
});

afterEach(async () => {
  await gateway?.[Symbol.asyncDispose]();
  gateway = undefined;
  for (const one of [openai, anthropic, hook, folder]) await one[Symbol.asyncDispose]();
});

/** An entry for the double. */
const endpoint = (more = "") =>
  `{ name: guard, url: "${hook.url}", models: [guarded, cached, anthropic-guarded]${more} }`;

/** An entry for a module of this text. */
async function module(text: string, more = ""): Promise<string> {
  const path = await folder.write(`hook-${crypto.randomUUID()}.mjs`, text);
  return `{ name: guard, module: "${path}", models: [guarded, cached, anthropic-guarded]${more} }`;
}

/** What a client made of its response. */
interface Told {
  readonly ok: boolean;
  /** HTTP status; 0 over gRPC. */
  readonly status: number;
  /** The words, or the error as it came. */
  readonly text: string;
  readonly headers: Headers;
}

function post(path: string, body: unknown, more: RequestInit = {}): Promise<Response> {
  return fetch((gateway?.url ?? "") + path, {
    method: "POST",
    ...more,
    headers: {
      authorization: `Bearer ${key}`,
      "content-type": "application/json",
      "anthropic-version": "2023-06-01",
      ...(more.headers as Record<string, string> | undefined),
    },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}

/** The data of a stream's events. */
function dataOf(text: string): string[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map(([, data = ""]) => data);
}

async function told(response: Response, words: (text: string) => string): Promise<Told> {
  const text = await response.text();
  const { ok, status, headers } = response;
  return { ok, status, headers, text: ok ? words(text) : text };
}

/** How clients of a surface ask, and read words. */
interface Surface {
  readonly name: string;
  /** Word for the surface that hooks are told. */
  readonly word: string;
  readonly isStream: boolean;
  /** HTTP status of HOOK_DENIED, and what its error says. */
  readonly denied: readonly [status: number, shape: object];
  readonly failed: readonly [status: number, shape: object];
  ask(model: string, words: string): Promise<Told>;
}

const grpc = () =>
  createClient(
    ChatService,
    createGrpcTransport({ baseUrl: gateway?.url ?? "", interceptors: [authorized] }),
  );

const authorized: Interceptor = (next) => (request) => {
  request.header.set("authorization", `Bearer ${key}`);
  return next(request);
};

async function overGrpc(ask: () => Promise<string>): Promise<Told> {
  const headers = new Headers();
  try {
    return { ok: true, status: 0, text: await ask(), headers };
  } catch (thrown) {
    const error = ConnectError.from(thrown);
    const told = { reason: reasonOf(error), message: error.rawMessage, code: error.code };
    return { ok: false, status: 0, text: JSON.stringify(told), headers };
  }
}

const openaiDenied = { error: { type: "invalid_request_error", code: "content_policy_violation" } };
const openaiFailed = { error: { type: "server_error" } };
const anthropicDenied = { type: "error", error: { type: "invalid_request_error" } };
const anthropicFailed = { type: "error", error: { type: "api_error" } };
const user = (words: string) => [{ role: "user", content: words }];

const surfaces: readonly Surface[] = [
  {
    name: "gRPC",
    word: "grpc",
    isStream: false,
    denied: [0, { reason: "HOOK_DENIED", code: 7 }],
    failed: [0, { reason: "HOOK_FAILED", code: 14 }],
    ask: (modelPreference, message) =>
      overGrpc(async () => (await grpc().chat({ message, modelPreference })).response),
  },
  {
    name: "gRPC, a stream",
    word: "grpc",
    isStream: true,
    denied: [0, { reason: "HOOK_DENIED", code: 7 }],
    failed: [0, { reason: "HOOK_FAILED", code: 14 }],
    ask: (modelPreference, message) =>
      overGrpc(async () => {
        let text = "";
        let isDone = false;
        for await (const piece of grpc().streamChat({ message, modelPreference })) {
          expect(piece.events).toEqual([]);
          text += piece.delta;
          isDone = piece.done;
        }
        expect(isDone).toBe(true);
        return text;
      }),
  },
  {
    name: "REST",
    word: "rest",
    isStream: false,
    denied: [403, { error: { code: "HOOK_DENIED" } }],
    failed: [503, { error: { code: "HOOK_FAILED" } }],
    ask: async (model_preference, message) =>
      told(await post("/api/v1/chat", { message, model_preference }), (text) => {
        const response = JSON.parse(text);
        expect(response.parts).toEqual([]);
        return response.response;
      }),
  },
  {
    name: "REST, a stream",
    word: "rest",
    isStream: true,
    denied: [403, { error: { code: "HOOK_DENIED" } }],
    failed: [503, { error: { code: "HOOK_FAILED" } }],
    ask: async (model_preference, message) =>
      told(await post("/api/v1/chat", { message, model_preference, stream: true }), (text) =>
        dataOf(text)
          .map((data) => JSON.parse(data).delta)
          .join(""),
      ),
  },
  {
    name: "OpenAI",
    word: "openai",
    isStream: false,
    denied: [400, openaiDenied],
    failed: [503, openaiFailed],
    ask: async (model, words) =>
      told(
        await post("/v1/chat/completions", { model, messages: user(words) }),
        (text) => JSON.parse(text).choices[0].message.content,
      ),
  },
  {
    name: "OpenAI, a stream",
    word: "openai",
    isStream: true,
    denied: [400, openaiDenied],
    failed: [503, openaiFailed],
    ask: async (model, words) =>
      told(
        await post("/v1/chat/completions", { model, messages: user(words), stream: true }),
        (text) => {
          const data = dataOf(text);
          expect(data.at(-1)).toBe("[DONE]");
          return data
            .slice(0, -1)
            .map((one) => JSON.parse(one).choices?.[0]?.delta?.content ?? "")
            .join("");
        },
      ),
  },
  {
    name: "Anthropic",
    word: "anthropic",
    isStream: false,
    denied: [400, anthropicDenied],
    failed: [503, anthropicFailed],
    ask: async (model, words) =>
      told(
        await post("/v1/messages", { model, messages: user(words), max_tokens: 50 }),
        (text) => JSON.parse(text).content[0].text,
      ),
  },
  {
    name: "Anthropic, a stream",
    word: "anthropic",
    isStream: true,
    denied: [400, anthropicDenied],
    failed: [503, anthropicFailed],
    ask: async (model, words) =>
      told(
        await post("/v1/messages", { model, messages: user(words), max_tokens: 50, stream: true }),
        (text) => {
          const events = dataOf(text).map((data) => JSON.parse(data));
          expect(events.at(-1).type).toBe("message_stop");
          // A block may begin with its words, and clients put them together with the deltas.
          return events
            .map(({ content_block: block, delta }) => (block?.text ?? "") + (delta?.text ?? ""))
            .join("");
        },
      ),
  },
  {
    name: "OpenAI's Responses",
    word: "openai",
    isStream: false,
    denied: [400, openaiDenied],
    failed: [503, openaiFailed],
    ask: async (model, input) =>
      told(
        await post("/v1/responses", { model, input }),
        (text) => JSON.parse(text).output[0].content[0].text,
      ),
  },
  {
    name: "Gemini",
    word: "gemini",
    isStream: false,
    denied: [400, { error: { code: 400, status: "INVALID_ARGUMENT" } }],
    failed: [503, { error: { code: 503, status: "UNAVAILABLE" } }],
    ask: async (model, words) =>
      told(
        await post(`/v1beta/models/${model}:generateContent`, {
          contents: [{ role: "user", parts: [{ text: words }] }],
        }),
        (text) => JSON.parse(text).candidates[0].content.parts[0].text,
      ),
  },
  {
    name: "Gemini, a stream",
    word: "gemini",
    isStream: true,
    denied: [400, { error: { code: 400, status: "INVALID_ARGUMENT" } }],
    failed: [503, { error: { code: 503, status: "UNAVAILABLE" } }],
    ask: async (model, words) =>
      told(
        await post(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, {
          contents: [{ role: "user", parts: [{ text: words }] }],
        }),
        (text) =>
          dataOf(text)
            .map((data) => JSON.parse(data).candidates?.[0]?.content?.parts?.[0]?.text ?? "")
            .join(""),
      ),
  },
];

/** The words that a provider was asked with last. */
function askedWords(provider: ProviderDouble): unknown {
  const body = provider.received.at(-1)?.body as
    | { readonly messages: readonly { readonly content: unknown }[] }
    | undefined;
  return body?.messages.at(-1)?.content;
}

const guardModule = `
const wordsOf = (parts) => parts.map(({ content }) => content.case === "text" ? content.value.text : "").join("");
export default {
  async before(request, { principal, surface, model, requestId, signal }) {
    if (principal !== "alice" || surface === "" || model !== "guarded" || requestId === "" || signal.aborted) throw new Error("odd context");
    const words = wordsOf(request.messages.at(-1).parts);
    request.messages.length = 0;
    if (words === "deny me") return { action: "deny", message: "no such words", reason: "words" };
    if (words === "replace me") return { action: "replace", request: { modelPreference: model, messages: [{ role: "user", content: "other words" }] } };
    return { action: "allow" };
  },
  async after(request, response, { model }) {
    const words = wordsOf(response.parts);
    response.parts.length = 0;
    if (words === "secret") return { action: "deny", message: "not for you" };
    if (words === "rude") return { action: "replace", response: { response: "polite" } };
    return { action: "allow" };
  },
};`;

describe.each(surfaces)("$name", ({ word, isStream, denied, failed, ask }) => {
  const expectError = (
    { ok, status, text }: Told,
    [expectedStatus, shape]: Surface["denied"],
    message: string,
  ) => {
    expect({ ok, status }, text).toEqual({ ok: false, status: expectedStatus });
    expect(JSON.parse(text)).toMatchObject(shape);
    expect(text).toContain(message);
  };

  test("a module allows, denies and replaces requests; what it does to its copy is nobody's business", async () => {
    await start(await module(guardModule, ", when: [before]"));
    expect((await ask("guarded", "hello")).text).toBe("Hello there");
    expect(askedWords(openai)).toBe("hello");
    expectError(await ask("guarded", "deny me"), denied, "no such words");
    expect(openai.received).toHaveLength(1);
    expect((await ask("guarded", "replace me")).text).toBe("Hello there");
    expect(askedWords(openai)).toBe("other words");
    // Chats of other models are none of its business.
    expect((await ask("free", "deny me")).text).toBe("Hello there");
  });

  test("a module allows, denies and replaces responses, those of streams while they are held", async () => {
    await start(await module(guardModule, ", when: [after], hold: true"));
    expect((await ask("guarded", "hello")).text).toBe("Hello there");
    openai.script = { text: "secret" };
    expectError(await ask("guarded", "hello"), denied, "not for you");
    openai.script = { text: "rude" };
    expect((await ask("guarded", "hello")).text).toBe("polite");
    expect((await ask("free", "hello")).text).toBe("rude");
  });

  test("an endpoint does the same, and is told who asks and by what, never with what key", async () => {
    await start(endpoint(`, hold: true, token: ${token}`));
    hook.decide = (asked) => {
      const words = wordsOf(asked);
      if (words === "deny me") return { decision: { action: "deny", message: "no such words" } };
      if (words === "rude") {
        const response = { ...asked.response, parts: [{ text: { text: "polite" } }] };
        return { decision: { action: "replace", response } };
      }
      if (words === "replace me") {
        const messages = [{ role: "user", parts: [{ text: { text: "other words" } }] }];
        return { decision: { action: "replace", request: { ...asked.request, messages } } };
      }
      return allow;
    };
    openai.script = { text: "rude" };
    expect((await ask("guarded", "replace me")).text).toBe("polite");
    expect(askedWords(openai)).toBe("other words");
    expectError(await ask("guarded", "deny me"), denied, "no such words");
    expect(hook.asked.map(({ phase }) => phase)).toEqual(["before", "after", "before"]);
    expect(hook.asked[0]?.context).toEqual({
      principal: "alice",
      surface: word,
      model: "guarded",
      requestId: expect.stringMatching(/./),
    });
    expect(hook.heads[0]?.authorization).toBe(`Bearer ${token}`);
    const told = JSON.stringify([hook.asked, hook.heads]);
    expect(told).not.toContain(key);
    expect(told).not.toContain("upstream-secret");
  });

  test("a hook that fails denies, or allows where it is told to", async () => {
    hook.decide = () => ({ status: 503, bytes: "down" });
    await start(endpoint(", hold: true"));
    expectError(await ask("guarded", "hello"), failed, "a policy check of the gateway failed");
    expect(openai.received).toHaveLength(0);
    await gateway?.[Symbol.asyncDispose]();
    await start(endpoint(", hold: true, on_error: allow"));
    expect((await ask("guarded", "hello")).text).toBe("Hello there");
  });

  if (!isStream) return;
  test("a hook that does not hold sees a stream once it has ended, and changes nothing", async () => {
    await start(endpoint(", when: [after]"));
    hook.decide = () => ({ decision: { action: "deny" } });
    const seen = hook.next();
    expect((await ask("guarded", "hello")).text).toBe("Hello there");
    expect(wordsOf(await seen)).toBe("Hello there");
  });
});

/** One surface by its name. */
function surface(name: string): Surface {
  const found = surfaces.find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

const chat = (words: string) => surface("OpenAI").ask("guarded", words);
const stream = (words: string) => surface("OpenAI, a stream").ask("guarded", words);

async function metric(name: string): Promise<number> {
  const page = await fetch(`${gateway?.url}/metrics`, {
    headers: { authorization: `Bearer ${key}` },
  });
  const line = (await page.text()).split("\n").find((one) => one.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1));
}

const counted = (phase: string, result: string) =>
  metric(`gateway_hook_calls_total{hook="guard",phase="${phase}",result="${result}"}`);

describe("a hook that does not decide in time", () => {
  test("denies, and its question is given up", async () => {
    hook.decide = () => "silence";
    await start(endpoint(", timeout: 50ms"));
    const givenUp = hook.givenUp();
    const { status, text } = await chat("hello");
    expect({ status, text }).toMatchObject({
      status: 503,
      text: expect.stringContaining("a policy check"),
    });
    await givenUp;
    expect(openai.received).toHaveLength(0);
    expect(await counted("before", "timeout")).toBe(1);
    expect(await metric('gateway_hook_duration_seconds_count{hook="guard",phase="before"}')).toBe(
      1,
    );
  });

  test("allows where it is told to, before and after", async () => {
    hook.decide = () => "silence";
    await start(endpoint(", timeout: 50ms, on_error: allow, hold: true"));
    expect((await stream("hello")).text).toBe("Hello there");
    expect(await counted("before", "timeout")).toBe(1);
    expect(await counted("after", "timeout")).toBe(1);
  });

  test.each([
    ["deny", 503],
    ["allow", 200],
  ])("as a module that never settles, under on_error: %s", async (onError, status) => {
    const text = "export default { before: () => new Promise(() => {}) };";
    await start(await module(text, `, timeout: 50ms, on_error: ${onError}`));
    expect((await chat("hello")).status).toBe(status);
  });
});

/** A decision with parts within parts, so many levels of JSON. */
function nested(levels: number): string {
  const [open, close] = ['[{"toolResult":{"parts":', "}}]"];
  const steps = Math.ceil(levels / 3);
  const parts = `${open.repeat(steps)}[]${close.repeat(steps)}`;
  return `{"action":"deny","request":{"messages":[{"role":"user","parts":${parts}}]}}`;
}

describe("what is no decision fails, and the log says why", () => {
  const replies: readonly [what: string, bytes: string | Buffer, error: RegExp, status?: number][] =
    [
      [
        "more bytes than may be",
        `{"action":"allow"${" ".repeat(1 << 20)}}`,
        /more than 1048576 bytes/,
      ],
      ["no JSON", "<html>", /expected a value at position 0/],
      ["no UTF-8", Buffer.from([0x7b, 0xff, 0x7d]), /encoded data/],
      ["no object", "null", /expected a JSON object/],
      ["no action", "{}", /action/],
      ["an action that there is not", '{"action":"ignore"}', /action/],
      ["a field that there is not", '{"action":"allow","mesage":"x"}', /mesage/],
      ["depth", nested(101), /deeper than 100 levels/],
      [
        "elements",
        `{"action":"deny","request":{"stop":[""${',""'.repeat(100_000)}]}}`,
        /more than 100000 elements/,
      ],
      ["a replacement without one", '{"action":"replace"}', /request: is missing/],
      [
        "a request that breaks a rule",
        '{"action":"replace","request":{"messages":[{"role":"nobody"}]}}',
        /request\.messages\[0\]\.role/,
      ],
      ["a request that asks nothing", '{"action":"replace","request":{}}', /message/],
      [
        "two forms of a turn",
        '{"action":"replace","request":{"messages":[{"role":"user","content":"a","parts":[{"text":{"text":"b"}}]}]}}',
        /short form/,
      ],
      ["another status", "{}", /answered 500/, 500],
      ["a redirect", "", /answered 302/, 302],
    ];
  test.each(replies)("%s", async (_, bytes, error, status = 200) => {
    hook.decide = () => ({ status, bytes });
    const { line, lines } = await start(endpoint(`, token: ${token}`));
    expect((await chat("hello")).status).toBe(503);
    expect(openai.received).toHaveLength(0);
    const written = await line(({ msg }) => msg === "hook failed");
    expect(written).toMatchObject({
      level: "warn",
      hook: "guard",
      phase: "before",
      result: "error",
      on_error: "deny",
    });
    expect(written.error).toMatch(error);
    expect(JSON.stringify(lines)).not.toContain(token);
    expect(await counted("before", "error")).toBe(1);
  });

  const returns: readonly [what: string, text: string, error: RegExp][] = [
    ["nothing", "before() {}", /expected \{ action/],
    ["a throw", 'before() { throw new Error("broken"); }', /broken/],
    ["a rejection", 'async before() { throw new Error("broken"); }', /broken/],
    ["a word", 'before: () => "allow"', /expected \{ action/],
    [
      "a circle",
      "before() { const it = { action: 'replace' }; it.request = { context: it }; return it; }",
      /deeper than 100 levels/,
    ],
    [
      "a list for a message",
      "before: () => ({ action: 'replace', request: { messages: 5 } })",
      /wrong type|messages/,
    ],
  ];
  test.each(returns)("of a module: %s", async (_, text, error) => {
    const { line } = await start(await module(`export default { ${text} };`));
    expect((await chat("hello")).status).toBe(503);
    expect((await line(({ msg }) => msg === "hook failed")).error).toMatch(error);
  });

  test("an endpoint that is down leaves one line for many calls", async () => {
    hook.decide = () => ({ status: 500, bytes: "" });
    const { lines } = await start(endpoint());
    for (let call = 0; call < 5; call += 1) await chat("hello");
    expect(lines.filter(({ msg }) => msg === "hook failed")).toHaveLength(1);
    expect(await counted("before", "error")).toBe(5);
  });
});

describe("a client that leaves", () => {
  test.each(["before", "after"])(
    "while a hook runs %s takes its question along; that is no failure",
    async (phase) => {
      hook.decide = (asked) => (asked.phase === phase ? "silence" : allow);
      const { line, lines } = await start(endpoint(", timeout: 10m, hold: true"));
      const leaving = new AbortController();
      const asked = hook.next();
      const answered = post(
        "/v1/chat/completions",
        { model: "guarded", messages: user("hello"), stream: true },
        { signal: leaving.signal },
      );
      answered.catch(() => {});
      if (phase === "after") {
        await asked;
        await hook.next();
      } else await asked;
      const givenUp = hook.givenUp();
      leaving.abort();
      await givenUp;
      await line(({ reason }) => reason === "CANCELLED");
      expect(await counted(phase, "cancelled")).toBe(1);
      expect(lines.filter(({ msg }) => msg === "hook failed")).toEqual([]);
      expect(openai.received).toHaveLength(phase === "before" ? 0 : 1);
    },
  );
});

test("a denial tells the client's program which hook it was, and its reason", async () => {
  hook.decide = () => ({ decision: { action: "deny", reason: "pii.card" } });
  await start(endpoint());
  const failed = await grpc()
    .chat({ message: "x", modelPreference: "guarded" })
    .catch((thrown: unknown) => thrown);
  const error = ConnectError.from(failed);
  expect(infoMetadataOf(error)).toEqual({ hook: "guard", hook_reason: "pii.card" });
  expect(error.rawMessage).toBe("the request was denied by a policy of the gateway");
});

test("a stream that its client leaves, or that fails, is not shown as one that has ended", async () => {
  openai.faults.push({ kind: "stall_after", frames: 2 }, { kind: "cut_after", frames: 2 });
  const { line } = await start(endpoint());
  const leaving = new AbortController();
  const body = { model: "guarded", messages: user("hello"), stream: true };
  const left = await post("/v1/chat/completions", body, { signal: leaving.signal });
  leaving.abort();
  await expect(left.text()).rejects.toThrow();
  await line(({ reason }) => reason === "CANCELLED");
  await (await post("/v1/chat/completions", body)).text();
  await line(({ reason }) => reason === "BACKEND_FAILED");
  // What would be shown would have been by the time that this one is.
  const seen = hook.next().then(() => hook.next());
  expect((await stream("last")).text).toBe("Hello there");
  expect(await seen).toMatchObject({ phase: "after" });
  expect(hook.asked.map(({ phase }) => phase)).toEqual(["before", "before", "before", "after"]);
});

describe("several hooks", () => {
  test("are asked in their order, each about what the one before made of it; a denial ends it", async () => {
    const text = (own: string, rest: string) =>
      `const add = (parts) => [{ content: { case: "text", value: { text: parts[0].content.value.text + "${own}" } } }];
       export default {
         before: (request) => ({ action: "replace", request: { ...request, messages: [{ role: "user", parts: add(request.messages[0].parts) }] } }),
         after: (request, response) => (${rest}),
       };`;
    const more = '({ action: "replace", response: { ...response, parts: add(response.parts) } })';
    const named = async (name: string, source: string) =>
      (await module(source, ", hold: true")).replace("guard", name);
    const one = await named("one", text("1", more));
    const two = await named("two", text("2", more));
    await start(`${one}, ${two}, ${endpoint(", hold: true")}`);
    expect((await chat("hello")).text).toBe("Hello there12");
    expect((await stream("hello")).text).toBe("Hello there12");
    expect(hook.asked.map(wordsOf)).toEqual([
      "hello12",
      "Hello there12",
      "hello12",
      "Hello there12",
    ]);
    await gateway?.[Symbol.asyncDispose]();
    const three = await named("three", text("3", '({ action: "deny", message: "by three" })'));
    await start(`${three}, ${endpoint(", when: [after]")}`);
    expect((await chat("hello")).text).toContain("by three");
    expect(hook.asked).toHaveLength(4);
  });
});

describe("a relayed call", () => {
  const body = (words: string) =>
    `{ "model": "guarded", "messages": [{"role":"user","content":"${words}"}], "fancy": {"b": 1.5} }`;
  const words =
    '{ "id":"x",  "choices":[{"index":0,"message":{"role":"assistant","content":"a"},"finish_reason":"stop"}], "tomorrow":[1.00] }';

  test("stays one where hooks allow it: fields of tomorrow reach the other side", async () => {
    await start(endpoint(", hold: true"));
    openai.faults.push({ kind: "bytes", bytes: words });
    const response = await post("/v1/chat/completions", body("hello"));
    expect(await response.text()).toBe(words);
    expect(openai.received[0]?.body).toEqual({ ...JSON.parse(body("hello")), model: "double" });
    const frames =
      'data: {"id":"x", "choices":[{"index":0,"delta":{"content":"a"},"fancy":1.0}]}\r\n\r\n: a comment\n\ndata: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n';
    openai.faults.push({ kind: "bytes", bytes: frames });
    const held = await post(
      "/v1/chat/completions",
      body("hello").replace(" }", ', "stream": true }'),
    );
    expect(await held.text()).toBe(frames);
    expect(hook.asked.map(wordsOf)).toEqual(["hello", "a", "hello", "a"]);
  });

  test("is translated where a hook replaces the request, or the response", async () => {
    await start(endpoint());
    hook.decide = ({ phase, request }) =>
      phase === "before"
        ? {
            decision: {
              action: "replace",
              request: { ...request, messages: [{ role: "user", content: "other" }] },
            },
          }
        : allow;
    openai.faults.push({ kind: "bytes", bytes: words });
    const response = await post("/v1/chat/completions", body("hello"));
    expect(await response.json()).not.toHaveProperty("tomorrow");
    expect(openai.received[0]?.body).not.toHaveProperty("fancy");
    expect(askedWords(openai)).toBe("other");
    expect(response.headers.get("x-polygate-dropped")).toBe("fancy");
    hook.decide = ({ phase }) =>
      phase === "after" ? { decision: { action: "replace", response: { response: "b" } } } : allow;
    openai.faults.push({ kind: "bytes", bytes: words });
    const second = await post("/v1/chat/completions", body("hello"));
    // The provider had it: it was not dropped.
    expect(second.headers.get("x-polygate-dropped")).toBeNull();
    const replaced = await second.json();
    expect(replaced).not.toHaveProperty("tomorrow");
    expect(replaced).toMatchObject({ choices: [{ message: { content: "b" } }] });
    expect(openai.received[1]?.body).toHaveProperty("fancy");
  });

  test("of two members of a name, the provider is sent the one that was judged, and no other", async () => {
    await start(endpoint());
    const twice = body("hello").replace(
      '"messages"',
      '"messages": [{"role":"user","content":"evil"}], "messages"',
    );
    const response = await post("/v1/chat/completions", twice);
    expect(response.status).toBe(200);
    expect(wordsOf(hook.asked[0] ?? fail())).toBe("hello");
    expect(openai.received[0]?.bytes.toString()).not.toContain("evil");
    expect(openai.received[0]?.body).toHaveProperty("fancy");
  });

  test("reaches an Anthropic client and provider alike", async () => {
    await start(endpoint(", hold: true"));
    const asked = { model: "anthropic-guarded", max_tokens: 5, messages: user("hello"), fancy: 1 };
    const response = await post("/v1/messages", { ...asked, stream: true });
    expect(await response.text()).toContain("message_stop");
    expect(anthropic.received[0]?.body).toMatchObject({ fancy: 1 });
    expect(hook.asked.map(wordsOf)).toEqual(["hello", "Hello there"]);
  });
});

function fail(): never {
  throw new Error("nobody was asked");
}

describe("a held stream", () => {
  test("shows signs of life while it waits", async () => {
    hook.decide = (asked) => (asked.phase === "after" ? "silence" : allow);
    await start(endpoint(", hold: true, timeout: 10m"), "rest: { heartbeat: 1s }");
    for (const [path, body, sign] of [
      [
        "/v1/messages",
        { model: "guarded", max_tokens: 5, messages: user("x"), stream: true },
        "event: ping",
      ],
      [
        "/v1/chat/completions",
        { model: "guarded", messages: user("x"), stream: true },
        ": keep-alive",
      ],
      ["/api/v1/chat:stream", { modelPreference: "guarded", message: "x" }, ": keep-alive"],
    ] as const) {
      const headers = { accept: "text/event-stream" };
      const response = await post(path, body, { headers });
      expect(response.status).toBe(200);
      const reader = (response.body as ReadableStream<Uint8Array>).getReader();
      const { value } = await reader.read();
      expect(Buffer.from(value ?? []).toString(), path).toContain(sign);
      await reader.cancel();
    }
  });

  test("is denied in the middle of its response once a sign of life was sent", async () => {
    const release = Promise.withResolvers<void>();
    const path = await folder.write(
      "late.mjs",
      "export default { async after() { await globalThis.hookMayDeny; return { action: 'deny', message: 'too late' }; } };",
    );
    (globalThis as { hookMayDeny?: Promise<void> }).hookMayDeny = release.promise;
    await start(
      `{ name: late, module: "${path}", hold: true, timeout: 1m }`,
      "rest: { heartbeat: 1s }",
    );
    const response = await post("/v1/chat/completions", {
      model: "guarded",
      messages: user("x"),
      stream: true,
    });
    release.resolve();
    const text = await response.text();
    expect(text).not.toContain("Hello");
    expect(dataOf(text).map((data) => JSON.parse(data))).toEqual([
      { error: expect.objectContaining({ message: "too late", code: "content_policy_violation" }) },
    ]);
  });

  test("that fails on its way is a failure, and no hook is asked about a part of it", async () => {
    openai.faults.push({ kind: "cut_after", frames: 2 });
    await start(endpoint(", hold: true, when: [after]"));
    const { status, text } = await stream("hello");
    expect(status).toBe(502);
    expect(text).not.toContain("Hello");
    expect(hook.asked).toEqual([]);
  });

  test("that is larger than a hook is shown is denied, or passed on where that is what failure means", async () => {
    openai.script = { text: "x".repeat(20_000) };
    await start(endpoint(", hold: true, when: [after], max_stream_size: 10kB"));
    expect(await stream("hello")).toMatchObject({ status: 503 });
    expect(await counted("after", "too_large")).toBe(1);
    await gateway?.[Symbol.asyncDispose]();
    await start(endpoint(", hold: true, when: [after], max_stream_size: 10kB, on_error: allow"));
    expect((await stream("hello")).text).toBe("x".repeat(20_000));
    await gateway?.[Symbol.asyncDispose]();
    await start(endpoint(", when: [after], max_stream_size: 10kB"));
    expect((await stream("hello")).text).toBe("x".repeat(20_000));
    expect(await counted("after", "too_large")).toBe(1);
    expect(hook.asked).toEqual([]);
  });
});

describe("the response cache", () => {
  const ask = (name: string, words: string) => surface(name).ask("cached", words);
  const kinds = [["OpenAI"], ["OpenAI, a stream"], ["gRPC"], ["gRPC, a stream"]];

  test.each(kinds)(
    "is looked up after `before` has judged, by what it made of the request: %s",
    async (name) => {
      await start(endpoint(", when: [before]"), "cache: { models: [cached] }");
      const replace = (words: string) => ({
        decision: {
          action: "replace",
          request: { modelPreference: "cached", messages: user(words) },
        },
      });
      hook.decide = (asked) => replace(wordsOf(asked).slice(0, 1));
      expect((await ask(name, "a one")).text).toBe("Hello there");
      expect((await ask(name, "a two")).text).toBe("Hello there");
      expect(openai.received).toHaveLength(1);
      expect((await ask(name, "b")).text).toBe("Hello there");
      expect(openai.received).toHaveLength(2);
      hook.decide = () => ({ decision: { action: "deny", message: "not any more" } });
      expect((await ask(name, "a one")).text).toContain("not any more");
    },
  );

  test.each(kinds)(
    "keeps what `after` has not judged, and each response from it is judged: %s",
    async (name) => {
      await start(endpoint(", when: [after], hold: true"), "cache: { models: [cached] }");
      hook.decide = () => ({ decision: { action: "deny", message: "not for you" } });
      expect((await ask(name, "a")).text).toContain("not for you");
      hook.decide = () => allow;
      expect((await ask(name, "a")).text).toBe("Hello there");
      hook.decide = () => ({ decision: { action: "replace", response: { response: "polite" } } });
      expect((await ask(name, "a")).text).toBe("polite");
      expect(openai.received).toHaveLength(1);
      expect(hook.asked.map(wordsOf)).toEqual(["Hello there", "Hello there", "Hello there"]);
    },
  );
});

describe("what else would send a conversation to somebody", () => {
  test("a count of tokens is judged before", async () => {
    hook.decide = () => ({ decision: { action: "deny", message: "not even counted" } });
    await start(endpoint());
    const response = await post("/v1/messages/count_tokens", {
      model: "anthropic-guarded",
      messages: user("hello"),
    });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain("not even counted");
    expect(anthropic.received).toHaveLength(0);
  });

  test("Query is judged before and after", async () => {
    await start(`{ name: guard, url: "${hook.url}" }`, "");
    const response = await post("/v1/query", { query: "hello" });
    expect(response.status).toBe(200);
    expect(hook.asked.map(({ phase }) => phase)).toEqual(["before", "after"]);
  });
});

describe("the form of a response", () => {
  test("is the client's own choice, whatever a hook replaces", async () => {
    await start(endpoint());
    hook.decide = ({ phase, request }) =>
      phase === "before"
        ? {
            decision: {
              action: "replace",
              request: { ...request, withParts: false, stream: true, messages: user("other") },
            },
          }
        : allow;
    expect((await stream("hello")).text).toBe("Hello there");
    const withParts = await grpc().chat(
      create(ChatRequestSchema, { message: "hello", modelPreference: "guarded", withParts: true }),
    );
    expect(withParts.parts).toHaveLength(1);
  });

  test("a replacement may call tools, and its stream tells them", async () => {
    await start(endpoint(", when: [after], hold: true"));
    hook.decide = () => ({
      decision: {
        action: "replace",
        response: { toolCalls: [{ id: "c1", name: "look", argumentsJson: '{"a":1}' }] },
      },
    });
    const response = await post("/v1/chat/completions", {
      model: "guarded",
      messages: user("x"),
      stream: true,
    });
    const text = await response.text();
    expect(text).toContain('"name":"look"');
    expect(text).toContain('"finish_reason":"tool_calls"');
    const whole = await (
      await post("/v1/messages", { model: "guarded", max_tokens: 5, messages: user("x") })
    ).json();
    expect(whole).toMatchObject({
      stop_reason: "tool_use",
      content: [{ type: "tool_use", name: "look", input: { a: 1 } }],
      model: "double",
    });
  });
});

describe("the start", () => {
  test.each([
    ["a module that is not there", undefined, /hook guard: .*absent\.mjs cannot be loaded/],
    ["a module that does not parse", "export default {", /hook guard: .* cannot be loaded: /],
    [
      "a module that throws",
      "throw new Error('no licence');",
      /cannot be loaded: Error: no licence/,
    ],
    ["no default export", "export const before = 1;", /no default export with before or after/],
    ["neither before nor after", "export default { during() {} };", /neither before nor after/],
  ])("fails for %s, and names the hook", async (_, text, error) => {
    const path =
      text === undefined ? `${folder.path}/absent.mjs` : await folder.write("bad.mjs", text);
    await expect(start(`{ name: guard, module: "${path}" }`)).rejects.toThrow(error);
  });

  test("fails for a module that has not what it is to be called for", async () => {
    const entry = await module(
      "export default { before: () => ({ action: 'allow' }) };",
      ", when: [after]",
    );
    await expect(start(entry)).rejects.toThrow(/hook guard: .*its default export has no after/);
  });
});

test("the page's example keeps the numbers of cards in the house, and passwords too", async () => {
  const page = readFileSync("docs/hooks.md", "utf8");
  const [, yaml = ""] = /^```yaml\n(hooks:\n[\s\S]*?)^```$/m.exec(page) ?? [];
  const [, text = ""] = /^```js\n(\/\/ hooks\/cards\.js[\s\S]*?)^```$/m.exec(page) ?? [];
  const path = await folder.write("hooks/cards.js", text);
  const [cards, guard] = parse(yaml).hooks;
  expect(cards.module).toBe("hooks/cards.js");
  const entries = [
    { ...cards, module: path },
    { ...guard, url: hook.url, models: ["guarded"] },
  ];
  await start(JSON.stringify(entries).slice(1, -1));
  for (const name of ["OpenAI", "OpenAI, a stream", "gRPC, a stream"]) {
    openai.script = { text: "Hello there" };
    const words = "pay with 4111 1111-1111 1111, please";
    expect((await surface(name).ask("guarded", words)).text).toBe("Hello there");
    expect(askedWords(openai)).toBe("pay with [card], please");
    expect(wordsOf(hook.asked.at(-1) ?? fail())).toBe("pay with [card], please");
    openai.script = { text: "your password is 1234" };
    const refused = await surface(name).ask("guarded", "hello");
    expect(refused).toMatchObject({ ok: false, text: expect.stringContaining("a password in it") });
    expect(refused.text).not.toContain("1234");
  }
  const choice = (index: number, content: string) => ({
    index,
    message: { role: "assistant", content },
    finish_reason: "stop",
  });
  const choices = [choice(0, "fine"), choice(1, "the password")];
  openai.faults.push({ kind: "bytes", bytes: JSON.stringify({ id: "c", choices }) });
  const several = { model: "guarded", messages: user("hello"), n: 2 };
  const response = await post("/v1/chat/completions", several);
  expect(response.status).toBe(400);
  expect(await response.text()).toContain("a password in it");
});
