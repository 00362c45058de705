/** The vendors' own SDKs drive the gateway in front of providers of each other's dialects. */

import Anthropic from "@anthropic-ai/sdk";
import { GoogleGenAI } from "@google/genai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import { startProviders } from "../support/provider-double.ts";

const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini", "ollama"] as const;
const configNames: Readonly<Record<DialectName, string>> = {
  "openai-chat": "openai",
  "openai-responses": "openai-responses",
  anthropic: "anthropic",
  gemini: "gemini",
  ollama: "ollama",
};

const key = "a-key-that-is-long-enough";
const parameters = { type: "object" as const, properties: { city: { type: "string" } } };
const png =
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

let gateway: RunningGateway;
let providers: Awaited<ReturnType<typeof startProviders<DialectName>>>;

beforeAll(async () => {
  providers = await startProviders(dialects);
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: sdk, key: ${key} }] }
load_balancer: { retry_attempts: 2 }
providers:
${dialects.map((dialect) => `  ${dialect}: { dialect: ${configNames[dialect]}, base_url: "${providers[dialect].url}", api_key: upstream-key, default_model: double }`).join("\n")}
routes:
  fast: openai-chat/double
  careful: { fallback: [anthropic/double, fast] }
`;
  gateway = await startTestGateway({ yaml });
}, 30_000);

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await providers[Symbol.asyncDispose]();
});

const openai = () => new OpenAI({ baseURL: `${gateway.url}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = () => new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
const google = () => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: gateway.url } });

/** A call of each client in each way, and what it comes to: text and calls. */
interface Outcome {
  readonly text: string;
  readonly calls: readonly (readonly [name: string, args: unknown])[];
  readonly tokens: number | undefined;
}

type Run = (model: string, ways: { tools: boolean; image: boolean }) => Promise<Outcome>;

const openaiTools = [
  { type: "function" as const, function: { name: "w", description: "d", parameters } },
];

const clients: Readonly<Record<string, Run>> = {
  "OpenAI chat": async (model, { tools, image }) => {
    const content = image
      ? [
          { type: "text" as const, text: "See" },
          { type: "image_url" as const, image_url: { url: `data:image/png;base64,${png}` } },
        ]
      : "Hi";
    const { choices, usage } = await openai().chat.completions.create({
      model,
      max_completion_tokens: 50,
      messages: [{ role: "user", content }],
      ...(tools ? { tools: openaiTools } : {}),
    });
    const message = choices[0]?.message;
    const calls = (message?.tool_calls ?? []).flatMap((call) =>
      call.type === "function"
        ? [[call.function.name, JSON.parse(call.function.arguments)] as const]
        : [],
    );
    return { text: message?.content ?? "", calls, tokens: usage?.total_tokens };
  },
  "OpenAI chat, streamed": async (model, { tools }) => {
    const stream = openai().chat.completions.stream({
      model,
      max_completion_tokens: 50,
      messages: [{ role: "user", content: "Hi" }],
      stream_options: { include_usage: true },
      ...(tools ? { tools: openaiTools } : {}),
    });
    const { choices, usage } = await stream.finalChatCompletion();
    const message = choices[0]?.message;
    const calls = (message?.tool_calls ?? []).flatMap((call) =>
      call.type === "function"
        ? [[call.function.name, JSON.parse(call.function.arguments)] as const]
        : [],
    );
    return { text: message?.content ?? "", calls, tokens: usage?.total_tokens };
  },
  "OpenAI Responses": async (model, { tools, image }) => {
    const content = image
      ? [
          { type: "input_text" as const, text: "See" },
          {
            type: "input_image" as const,
            image_url: `data:image/png;base64,${png}`,
            detail: "auto" as const,
          },
        ]
      : "Hi";
    const response = await openai().responses.create({
      model,
      input: [{ role: "user", content }],
      ...(tools
        ? {
            tools: [
              { type: "function" as const, name: "w", description: "d", parameters, strict: false },
            ],
          }
        : {}),
    });
    const calls = response.output.flatMap((item) =>
      item.type === "function_call" ? [[item.name, JSON.parse(item.arguments)] as const] : [],
    );
    return { text: response.output_text, calls, tokens: response.usage?.total_tokens };
  },
  "OpenAI Responses, streamed": async (model, { tools }) => {
    const response = await openai()
      .responses.stream({
        model,
        input: "Hi",
        ...(tools
          ? {
              tools: [
                {
                  type: "function" as const,
                  name: "w",
                  description: "d",
                  parameters,
                  strict: false,
                },
              ],
            }
          : {}),
      })
      .finalResponse();
    const calls = response.output.flatMap((item) =>
      item.type === "function_call" ? [[item.name, JSON.parse(item.arguments)] as const] : [],
    );
    return { text: response.output_text, calls, tokens: response.usage?.total_tokens };
  },
  Anthropic: async (model, { tools, image }) => {
    const content = image
      ? [
          { type: "text" as const, text: "See" },
          {
            type: "image" as const,
            source: { type: "base64" as const, media_type: "image/png" as const, data: png },
          },
        ]
      : "Hi";
    const message = await anthropic().messages.create({
      model,
      max_tokens: 50,
      messages: [{ role: "user", content }],
      ...(tools ? { tools: [{ name: "w", description: "d", input_schema: parameters }] } : {}),
    });
    return outcomeOfMessage(message);
  },
  "Anthropic, streamed": async (model, { tools }) => {
    const message = await anthropic()
      .messages.stream({
        model,
        max_tokens: 50,
        messages: [{ role: "user", content: "Hi" }],
        ...(tools ? { tools: [{ name: "w", description: "d", input_schema: parameters }] } : {}),
      })
      .finalMessage();
    return outcomeOfMessage(message);
  },
  "Google GenAI": async (model, { tools, image }) => {
    const parts = image
      ? [{ text: "See" }, { inlineData: { mimeType: "image/png", data: png } }]
      : [{ text: "Hi" }];
    const response = await google().models.generateContent({
      model,
      contents: [{ role: "user", parts }],
      ...(tools
        ? {
            config: {
              tools: [
                {
                  functionDeclarations: [
                    { name: "w", description: "d", parametersJsonSchema: parameters },
                  ],
                },
              ],
            },
          }
        : {}),
    });
    const parted = response.candidates?.[0]?.content?.parts ?? [];
    return {
      text: parted.map(({ text = "" }) => text).join(""),
      calls: (response.functionCalls ?? []).map(({ name = "", args }) => [name, args] as const),
      tokens: response.usageMetadata?.totalTokenCount,
    };
  },
  "Google GenAI, streamed": async (model, { tools }) => {
    const stream = await google().models.generateContentStream({
      model,
      contents: "Hi",
      ...(tools
        ? {
            config: {
              tools: [
                {
                  functionDeclarations: [
                    { name: "w", description: "d", parametersJsonSchema: parameters },
                  ],
                },
              ],
            },
          }
        : {}),
    });
    let text = "";
    let tokens: number | undefined;
    const calls: (readonly [string, unknown])[] = [];
    for await (const chunk of stream) {
      text += (chunk.candidates?.[0]?.content?.parts ?? []).map((part) => part.text ?? "").join("");
      tokens = chunk.usageMetadata?.totalTokenCount ?? tokens;
      for (const { name = "", args } of chunk.functionCalls ?? []) calls.push([name, args]);
    }
    return { text, calls, tokens };
  },
};

function outcomeOfMessage({ content, usage }: Anthropic.Message): Outcome {
  return {
    text: content.map((block) => (block.type === "text" ? block.text : "")).join(""),
    calls: content.flatMap((block) =>
      block.type === "tool_use" ? [[block.name, block.input] as const] : [],
    ),
    tokens: usage.input_tokens + usage.output_tokens,
  };
}

describe.each(Object.entries(clients))("%s", (name, run) => {
  test.each(dialects)("in front of %s: text, tools, images", async (dialect) => {
    const provider = providers[dialect];
    const model = `${dialect}/double`;
    provider.script = { text: "Hello there" };
    expect(await run(model, { tools: false, image: false })).toEqual({
      text: "Hello there",
      calls: [],
      tokens: 8,
    });
    if (!name.includes("streamed")) {
      expect(await run(model, { tools: false, image: true })).toMatchObject({
        text: "Hello there",
      });
      expect(JSON.stringify(provider.received.at(-1)?.body)).toContain(png);
    }
    provider.script = {
      text: "Let me see",
      toolCall: { id: "c1", name: "w", arguments: '{"city":"Ulm"}' },
    };
    expect(await run(model, { tools: true, image: false })).toEqual({
      text: "Let me see",
      calls: [["w", { city: "Ulm" }]],
      tokens: 8,
    });
    expect(
      provider.received.at(-1)?.headers.authorization ??
        provider.received.at(-1)?.headers["x-api-key"] ??
        provider.received.at(-1)?.headers["x-goog-api-key"],
    ).toContain("upstream-key");
    expect(provider.open()).toBe(0);
  });

  test.each(dialects)(
    "in front of %s: a failure that passes is nobody's; one that stays is an error of the client's own kind",
    async (dialect) => {
      const overloaded = { kind: "status", status: 503 } as const;
      providers[dialect].faults.push(overloaded);
      await run(`${dialect}/double`, { tools: false, image: false });
      providers[dialect].faults.push(overloaded, overloaded, overloaded);
      await expect(run(`${dialect}/double`, { tools: false, image: false })).rejects.toMatchObject({
        status: name.startsWith("Anthropic") ? 529 : 503,
      });
    },
  );

  test("a model that nobody has is an error of the client's own kind", async () => {
    await expect(run("no-such-model", { tools: false, image: false })).rejects.toMatchObject({
      status: 404,
    });
  });
});

describe("the list of models", () => {
  test("satisfies each vendor's own client", async () => {
    const names = (await openai().models.list()).data.map(({ id }) => id);
    expect(names).toEqual(expect.arrayContaining(["double", "fast", "careful"]));
    const page = await anthropic().models.list();
    expect(page.data.map(({ id }) => id)).toEqual(expect.arrayContaining(["double"]));
    const pager = await google().models.list();
    const listed: (string | undefined)[] = [];
    for await (const model of pager) listed.push(model.name);
    expect(listed).toEqual(expect.arrayContaining(["models/double"]));
    expect((await openai().models.retrieve("fast")).id).toBe("fast");
  });
});

test("Codex CLI is given a list of its own form, once it may have one", async () => {
  const at = `${gateway.url}/v1/models?client_version=0.171.0`;
  const ask = (headers: Record<string, string>) => fetch(at, { headers });
  const authorization = `Bearer ${key}`;
  expect((await ask({})).status).toBe(401);
  expect(await (await ask({ authorization })).json()).toEqual({ models: [] });
  // Anthropic's and Google's clients are told apart before.
  const page = await ask({ authorization, "anthropic-version": "2023-06-01" });
  expect(await page.json()).toMatchObject({ data: expect.any(Array) });
  const list = (await (await ask({ "x-goog-api-key": key })).json()) as { models: unknown[] };
  expect(list.models.length).toBeGreaterThan(0);
});

test("a model that makes vectors is listed as one, in each family's way and in the gateway's own", async () => {
  await using others = await startProviders(["openai-chat", "gemini"]);
  others["openai-chat"].list = { data: [{ id: "gpt" }, { id: "text-embedding-9" }] };
  others.gemini.list = {
    models: [
      { name: "models/gemini-9", supportedGenerationMethods: ["generateContent"] },
      { name: "models/vectors-9", supportedGenerationMethods: ["embedContent"] },
    ],
  };
  await using listing = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
providers:
  one: { dialect: openai, base_url: "${others["openai-chat"].url}", api_key: k }
  two: { dialect: gemini, base_url: "${others.gemini.url}", api_key: k }
routes:
  vectors: { fallback: [one/text-embedding-9, two/vectors-9] }
  same-vectors: vectors
  unlisted: one/embed-unheard-of
  both: { split: [{ weight: 1, to: one/gpt }, { weight: 1, to: vectors }] }
  words: { fallback: [one/gpt, two/gemini-9], mirror: { to: one/text-embedding-9, share: 1% } }
`,
  });
  const list = async (path: string) => (await fetch(listing.url + path)).json();
  const { models } = (await list("/api/v1/models")) as { models: Record<string, unknown>[] };
  const own = new Map(models.map(({ id, type, capabilities }) => [id, [type, capabilities]]));
  expect([own.get("text-embedding-9"), own.get("vectors-9")]).toEqual([
    ["embedding", ["embedding"]],
    ["embedding", ["embedding"]],
  ]);
  expect([own.get("gpt"), own.get("gemini-9")]).toEqual([
    ["chat", ["text"]],
    ["chat", ["text"]],
  ]);
  const routes = ["vectors", "same-vectors", "unlisted", "both", "words"] as const;
  expect(routes.map((name) => own.get(name))).toEqual([
    ["embedding", ["embedding"]],
    ["embedding", ["embedding"]],
    ["embedding", ["embedding"]],
    ["chat", ["text", "embedding"]],
    ["chat", ["text"]],
  ]);
  const { data } = (await list("/v1/models")) as { data: { id: string; architecture?: unknown }[] };
  const marked = data.filter(({ architecture }) => architecture !== undefined);
  expect(new Set(marked.map(({ id }) => id))).toEqual(
    new Set(["text-embedding-9", "vectors-9", "vectors", "same-vectors", "unlisted"]),
  );
  expect(marked[0]?.architecture).toEqual({ output_modalities: ["embeddings"] });
  expect(await list("/v1beta/models/vectors-9")).toMatchObject({
    supportedGenerationMethods: ["embedContent", "batchEmbedContents"],
  });
  expect(await list("/v1beta/models/gemini-9")).toMatchObject({
    supportedGenerationMethods: ["generateContent", "streamGenerateContent"],
  });
  const methods = async (name: string) =>
    ((await list(`/v1beta/models/${name}`)) as { supportedGenerationMethods: string[] })
      .supportedGenerationMethods;
  expect(await methods("vectors")).toEqual(["embedContent", "batchEmbedContents"]);
  expect(await methods("both")).toEqual([
    "generateContent",
    "streamGenerateContent",
    "embedContent",
    "batchEmbedContents",
  ]);
  // Models that take tensors are asked by none of Gemini's methods.
  const tensors = models.find(({ capabilities }) => (capabilities as string[]).includes("tensor"));
  expect(await methods(String(tensors?.id))).toEqual([]);
});

test("a fallback goes on when its first target fails before any content", async () => {
  providers.anthropic.faults.push({ kind: "error_after_start" });
  providers["openai-chat"].script = { text: "Second" };
  const stream = openai().chat.completions.stream({
    model: "careful",
    messages: [{ role: "user", content: "x" }],
  });
  expect((await stream.finalChatCompletion()).choices[0]?.message.content).toBe("Second");
});

test("a wrong key is refused in each family's shape, and the provider hears nothing", async () => {
  const before = providers.anthropic.received.length;
  const wrong = { apiKey: "wrong", maxRetries: 0 };
  const client = new Anthropic({ baseURL: gateway.url, ...wrong });
  await expect(
    client.messages.create({
      model: "anthropic/double",
      max_tokens: 9,
      messages: [{ role: "user", content: "x" }],
    }),
  ).rejects.toMatchObject({
    status: 401,
    error: { type: "error", error: { type: "authentication_error" } },
  });
  const other = new OpenAI({ baseURL: `${gateway.url}/v1`, ...wrong });
  await expect(
    other.chat.completions.create({ model: "x", messages: [{ role: "user", content: "x" }] }),
  ).rejects.toMatchObject({ status: 401, code: "invalid_api_key" });
  expect(providers.anthropic.received.length).toBe(before);
});

test("a client that leaves in the midst of a stream ends the provider's call", async () => {
  for (const dialect of dialects) {
    const provider = providers[dialect];
    provider.script = { text: "Hello there" };
    const before = provider.abortedAtMs.length;
    provider.faults.push({ kind: "stall_after", frames: 5 });
    const leave = new AbortController();
    const stream = openai().chat.completions.stream(
      { model: `${dialect}/double`, messages: [{ role: "user", content: "x" }] },
      { signal: leave.signal },
    );
    stream.on("error", () => {});
    stream.on("abort", () => {});
    await new Promise((resolve) => stream.once("chunk", resolve));
    leave.abort();
    await expect.poll(() => provider.abortedAtMs.length, { timeout: 5_000 }).toBe(before + 1);
    expect(provider.open()).toBe(0);
    await stream.done().catch(() => {});
  }
});

test("HEAD /api/hello, which Claude Code asks first, is answered", async () => {
  expect((await fetch(`${gateway.url}/api/hello`, { method: "HEAD" })).status).toBe(200);
});

test("tools are as many and as long as agents have them, and bounded", async () => {
  const ask = (count: number, description: string) =>
    openai().chat.completions.create({
      model: "openai-chat/double",
      messages: [{ role: "user", content: "x" }],
      tools: Array.from({ length: count }, (_, index) => ({
        type: "function" as const,
        function: { name: `mcp__server__${index}`.padEnd(128, "x"), description, parameters },
      })),
    });
  await expect(ask(1, "d".repeat(65_536))).resolves.toBeDefined();
  await expect(ask(1_024, "d")).resolves.toBeDefined();
  await expect(ask(1, "d".repeat(65_537))).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining("tools[0].description: must be at most 65536 characters"),
  });
  await expect(ask(1_025, "d")).rejects.toMatchObject({
    status: 400,
    message: expect.stringContaining("tools"),
  });
});
