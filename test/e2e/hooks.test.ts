/** Hooks judge chats on every surface: real modules and a real endpoint, in front of real provider wires. */

import { readFileSync } from "node:fs";
import { create } from "@bufbuild/protobuf";
import { ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
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

const authorized = (next: (request: never) => Promise<never>) => (request: never) => {
  (request as { header: Headers }).header.set("authorization", `Bearer ${key}`);
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
];

/** The words that a provider was asked with last. */
function askedWords(provider: ProviderDouble): unknown {
  const { messages } = provider.received.at(-1)?.body as {
    messages: readonly { readonly content: unknown }[];
  };
  return messages.at(-1)?.content;
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

  test.runIf(isStream)("a hook that does not hold sees a stream once it has ended, and changes nothing", async () => {
    await start(endpoint(", when: [after]"));
    hook.decide = () => ({ decision: { action: "deny" } });
    const seen = hook.next();
    expect((await ask("guarded", "hello")).text).toBe("Hello there");
    expect(wordsOf(await seen)).toBe("Hello there");
  });
});
