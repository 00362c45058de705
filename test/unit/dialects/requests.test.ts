/** What clients send wrongly is refused with its place; what only one dialect has is listed. */

import { ConnectError } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import type { DialectName } from "#dialects/dialect.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { readGenerateContent } from "#dialects/gemini/request-reader.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { ToolChoice_Mode } from "#gen/polygate/v1/conversation_pb.js";

const user = { role: "user", content: "x" };
const chat = { model: "m", messages: [user] };
const anthropic = { ...chat, max_tokens: 9 };

const rows: readonly (readonly [keyof typeof servers, unknown, string])[] = [
  ["openai-chat", [], ""],
  ["openai-chat", "x", ""],
  ["openai-chat", { messages: [user] }, "model"],
  ["openai-chat", { model: 1, messages: [user] }, "model"],
  ["openai-chat", { model: "m" }, "messages"],
  ["openai-chat", { model: "m", input: "x" }, "input"],
  ["openai-chat", { model: "m", messages: {} }, "messages"],
  ["openai-chat", { model: "m", messages: ["x"] }, "messages[0]"],
  ["openai-chat", { model: "m", messages: [{ content: "x" }] }, "messages[0].role"],
  ["openai-chat", { model: "m", messages: [{ role: "bot", content: "x" }] }, "messages[0].role"],
  ["openai-chat", { model: "m", messages: [{ role: "user", content: 1 }] }, "messages[0].content"],
  [
    "openai-chat",
    { model: "m", messages: [{ role: "user", content: [{ type: "text" }] }] },
    "messages[0].content[0].text",
  ],
  [
    "openai-chat",
    {
      model: "m",
      messages: [
        {
          role: "user",
          content: [{ type: "image_url", image_url: { url: "data:image/png;base64,%%" } }],
        },
      ],
    },
    "messages[0].content[0].image_url.url",
  ],
  [
    "openai-chat",
    { model: "m", messages: [{ role: "tool", content: "x" }] },
    "messages[0].tool_call_id",
  ],
  ["openai-chat", { ...chat, temperature: 3 }, "temperature"],
  ["openai-chat", { ...chat, max_tokens: 1.5 }, "max_tokens"],
  ["openai-chat", { ...chat, n: 0 }, "n"],
  ["openai-chat", { ...chat, stop: [1] }, "stop[0]"],
  ["openai-chat", { ...chat, tools: [{ type: "function" }] }, "tools[0].function"],
  [
    "openai-chat",
    { ...chat, tools: [{ type: "function", function: { name: "f", parameters: "x" } }] },
    "tools[0].function.parameters",
  ],
  ["openai-chat", { ...chat, tool_choice: "perhaps" }, "tool_choice"],
  [
    "openai-chat",
    { ...chat, response_format: { type: "json_schema" } },
    "response_format.json_schema",
  ],
  ["openai-responses", { model: "m" }, "input"],
  ["openai-responses", { model: "m", messages: [user] }, "messages"],
  ["openai-responses", { model: "m", input: [{ type: "function_call" }] }, "input[0].call_id"],
  ["anthropic", chat, "max_tokens"],
  ["anthropic", { ...anthropic, messages: [{ role: "user" }] }, "messages[0].content"],
  ["anthropic", { ...anthropic, temperature: 1.5 }, "temperature"],
  ["anthropic", { ...anthropic, tools: [{ name: "f" }] }, "tools[0].input_schema"],
  [
    "anthropic",
    {
      ...anthropic,
      messages: [
        {
          role: "user",
          content: [
            { type: "image", source: { type: "base64", media_type: "image/png", data: "%" } },
          ],
        },
      ],
    },
    "messages[0].content[0].source.data",
  ],
  ["gemini", { contents: [] }, "contents"],
  [
    "gemini",
    { contents: [{ parts: [{ functionCall: { args: {} } }] }] },
    "contents[0].parts[0].functionCall.name",
  ],
  [
    "gemini",
    { contents: [{ parts: [{ text: "x" }] }], generationConfig: { topP: 2 } },
    "generationConfig.topP",
  ],
];

describe("a client's mistake is refused with its place", () => {
  test.each(rows)("%s %j", (name, body, param) => {
    let error: unknown;
    try {
      servers[name].readRequest(body);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ConnectError);
    const refused = error as ConnectError;
    expect(reasonOf(refused)).toBe("PARAMETER_INVALID");
    expect(infoMetadataOf(refused).param).toBe(param);
  });
});

describe("a choice that the gateway cannot judge is the provider's to judge", () => {
  const rows: readonly (readonly [string, keyof typeof servers, object])[] = [
    [
      "of a hosted tool",
      "openai-responses",
      { input: "x", tools: [{ type: "mcp", server_label: "a" }], tool_choice: { type: "mcp" } },
    ],
    [
      "of a tool in a namespace",
      "openai-responses",
      {
        input: "x",
        tools: [{ type: "namespace", name: "n", tools: [{ type: "function", name: "f" }] }],
        tool_choice: { type: "function", name: "n__f" },
      },
    ],
    [
      "where items may bring tools",
      "openai-responses",
      { input: [{ type: "additional_tools", tools: [] }, user], tool_choice: "required" },
    ],
    [
      "where a kept prompt may have tools",
      "openai-responses",
      { input: "x", prompt: { id: "p" }, tool_choice: "required" },
    ],
    [
      "where what is cached may have tools",
      "gemini",
      {
        contents: [{ parts: [{ text: "x" }] }],
        cachedContent: "cachedContents/c",
        toolConfig: { functionCallingConfig: { mode: "ANY" } },
      },
    ],
    [
      "of Anthropic's own tools",
      "anthropic",
      {
        ...anthropic,
        tools: [{ type: "web_search_20260101", name: "web_search" }],
        tool_choice: { type: "tool", name: "web_search" },
      },
    ],
  ];
  test.each(rows)("%s", (_name, dialect, body) => {
    const { request } = servers[dialect].readRequest({ model: "m", ...body });
    expect(request.toolChoice?.mode).toBe(ToolChoice_Mode.ANY);
  });
});

describe("bytes that are sent as an image", () => {
  const read = (type: string, data: Uint8Array | string) => {
    const url = `data:${type};base64,${Buffer.from(data).toString("base64")}`;
    const content = [{ type: "image_url", image_url: { url } }];
    return () => servers["openai-chat"].readRequest({ ...chat, messages: [{ ...user, content }] });
  };
  test.each([
    ["image/png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d])],
    ["image/jpeg", Buffer.from([0xff, 0xd8, 0xff])],
    ["image/gif", "GIF89a"],
    ["image/webp", "RIFF....WEBP"],
    // What its client calls it is for the provider to judge, and types that not all know are, too.
    ["image/png", Buffer.from([0xff, 0xd8, 0xff])],
    ["image/avif", "anything"],
    ["image/svg+xml", "<svg/>"],
  ])("%s %j are taken", (type, data) => {
    expect(read(type, data)).not.toThrow();
  });
  test.each([
    ["image/png", "no image"],
    ["image/png", ""],
    ["text/plain", "no image"],
    ["", "no image"],
  ])("%s %j are refused", (type, data) => {
    expect(read(type, data)).toThrow(/messages\[0\]\.content\[0\]\.image_url\.url/);
  });
});

test("names of the prototype are no fields", () => {
  const body = JSON.parse(
    '{"model":"m","messages":[{"role":"user","content":"x"}],"__proto__":{"stream":true}}',
  );
  expect(servers["openai-chat"].readRequest(body).request.stream).toBe(false);
});

test("parameters that nobody knows are listed, and null counts as absent", () => {
  const body = { ...chat, temperature: null, future_knob: 1, other: null };
  expect(servers["openai-chat"].readRequest(body).unknown).toEqual(["future_knob"]);
});

describe("what is unknown within a known object is listed with its place, and relayed", () => {
  const rows: readonly (readonly [keyof typeof servers, object, readonly string[]])[] = [
    ["openai-chat", { ...chat, reasoning_effort: "utmost" }, ["reasoning_effort"]],
    ["openai-chat", { ...chat, reasoning_effort: null }, []],
    [
      "openai-chat",
      { ...chat, stream: true, stream_options: { include_usage: true, knob: 1 } },
      ["stream_options.knob"],
    ],
    [
      "openai-responses",
      { model: "m", input: "x", reasoning: { effort: "utmost", summary: "long", knob: 1 } },
      ["reasoning.effort", "reasoning.summary", "reasoning.knob"],
    ],
    [
      "openai-responses",
      { model: "m", input: "x", reasoning: { effort: "high", summary: "auto" }, text: {} },
      [],
    ],
    [
      "anthropic",
      {
        ...anthropic,
        output_config: { effort: "utmost", format: { type: "json_schema", schema: {} }, knob: 1 },
      },
      ["output_config.effort", "output_config.knob"],
    ],
    [
      "gemini",
      {
        model: "m",
        contents: [{ parts: [{ text: "x" }] }],
        generationConfig: { temperature: 1, knob: 1, thinkingConfig: { knob: 2 } },
      },
      ["model", "generationConfig.knob", "generationConfig.thinkingConfig.knob"],
    ],
  ];
  test.each(rows)("%s %j", (name, body, unknown) => {
    expect(servers[name].readRequest(body).unknown).toEqual(unknown);
  });

  test("but a word of another type is a mistake", () => {
    const read = () => servers["openai-chat"].readRequest({ ...chat, reasoning_effort: 9 });
    expect(read).toThrow(/reasoning_effort: expected text/);
  });
});

test("Gemini's model and stream stand in the path", () => {
  const { request } = readGenerateContent({ contents: [{ parts: [{ text: "Hi" }] }] }, "g", true);
  expect(request.modelPreference).toBe("g");
  expect(request.stream).toBe(true);
});

describe("a budget of thoughts is a level or an effort where the model knows no budgets", () => {
  const wish = (budget_tokens: number) => ({
    ...anthropic,
    max_tokens: 64_000,
    thinking: { type: "enabled", budget_tokens },
  });
  const written = (dialect: DialectName, body: unknown) => {
    const { request } = servers.anthropic.readRequest(body);
    const target = { model: "m", facts: defaultModelFacts };
    return clients[dialect].writeRequest(request, target).body;
  };

  test.each([
    [2_048, "low"],
    [4_096, "medium"],
    [16_000, "high"],
  ])("%i tokens: %s", (budget, effort) => {
    expect(written("openai-chat", wish(budget))).toMatchObject({ reasoning_effort: effort });
    expect(written("openai-responses", wish(budget))).toMatchObject({ reasoning: { effort } });
    expect(written("gemini", wish(budget))).toMatchObject({
      generationConfig: { thinkingConfig: { thinkingLevel: effort.toUpperCase() } },
    });
    expect(written("ollama", wish(budget))).toMatchObject({ think: effort });
  });
});

test.each(["LOW", "low", "Low"])("Gemini's words may be written in small letters: %s", (word) => {
  const { request } = readGenerateContent(
    {
      contents: [{ parts: [{ text: "x" }] }],
      generationConfig: { thinkingConfig: { thinkingLevel: word } },
      tools: [{ functionDeclarations: [{ name: "f" }] }],
      toolConfig: { functionCallingConfig: { mode: "any" } },
    },
    "m",
    false,
  );
  expect(request.reasoning?.effort).toBe("low");
  expect(request.toolChoice?.mode).toBe(ToolChoice_Mode.ANY);
});
