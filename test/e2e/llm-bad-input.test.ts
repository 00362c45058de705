/** What clients of vendors' APIs send wrongly: an error of their family that names the parameter, before any provider hears of it. */

import { describe, expect, test } from "vitest";
import type { ServerDialect } from "#dialects/dialect.ts";
import { clientKey as key, useDialectGateway } from "../support/dialect-gateway.ts";

const text = Buffer.from("no image at all").toString("base64");
const noImage = `data:image/png;base64,${text}`;
const schema = { type: "object", properties: {} };

type Body = Readonly<Record<string, unknown>>;

/** A mistake: its name, the body with it, and the parameter that the error names. */
type Mistake = readonly [name: string, body: Body, param: string];

/** The API of one vendor. */
interface Family {
  path(model: string): string;
  /** A body without mistakes. */
  readonly body: Body;
  /** Mistakes that no provider is told of. */
  readonly mistakes: readonly Mistake[];
  /** Conversations that every vendor refuses; a provider of the family says so itself. */
  readonly histories: readonly Mistake[];
  /** A body with a tool that has no schema, where that is no mistake. */
  readonly withoutSchema?: Body;
  /** The parameter that an error of the family names. */
  paramOf(error: Body): unknown;
}

const user = { role: "user", content: "Hi" };
const chat = { messages: [user] };
const messages = { max_tokens: 9, messages: [user] };
const contents = { contents: [{ role: "user", parts: [{ text: "Hi" }] }] };

const openaiParam = (body: Body) => {
  const { type, param } = body.error as Body;
  return type === "invalid_request_error" ? param : `an error of type ${type}`;
};

const families: Readonly<Record<ServerDialect, Family>> = {
  "openai-chat": {
    path: () => "/v1/chat/completions",
    body: chat,
    paramOf: openaiParam,
    mistakes: [
      ["messages that are no list", { messages: "Hi" }, "messages"],
      ["no messages", { messages: [] }, "messages"],
      ["a role that is none", { messages: [{ role: "bot", content: "" }] }, "messages[0].role"],
      ["a temperature that is text", { ...chat, temperature: "hot" }, "temperature"],
      ["a body of Responses", { input: "Hi" }, "input"],
      [
        "an image that is none",
        {
          messages: [
            {
              role: "user",
              content: [
                { type: "text", text: "?" },
                { type: "image_url", image_url: { url: noImage } },
              ],
            },
          ],
        },
        "messages[0].content[1].image_url.url",
      ],
      [
        "a schema that is none",
        { ...chat, tools: [{ type: "function", function: { name: "f", parameters: [] } }] },
        "tools[0].function.parameters",
      ],
      ["a forced call without tools", { ...chat, tool_choice: "required" }, "tool_choice"],
      [
        "a forced call of another tool than there is",
        {
          ...chat,
          tools: [{ type: "function", function: { name: "f", parameters: schema } }],
          tool_choice: { type: "function", function: { name: "g" } },
        },
        "tool_choice",
      ],
    ],
    histories: [
      [
        "a result without a call",
        { messages: [user, { role: "tool", tool_call_id: "c1", content: "1" }] },
        "messages[1]",
      ],
      [
        "a call without a result",
        {
          messages: [
            user,
            {
              role: "assistant",
              tool_calls: [{ id: "c1", type: "function", function: { name: "f", arguments: "" } }],
            },
            user,
          ],
        },
        "messages[1].tool_calls[0]",
      ],
    ],
    withoutSchema: { ...chat, tools: [{ type: "function", function: { name: "f" } }] },
  },
  "openai-responses": {
    path: () => "/v1/responses",
    body: { input: "Hi" },
    paramOf: openaiParam,
    mistakes: [
      ["an input that is a number", { input: 1 }, "input"],
      ["no input", {}, "input"],
      ["a role that is none", { input: [{ role: "bot", content: "" }] }, "input[0].role"],
      ["a bound that is text", { input: "Hi", max_output_tokens: "9" }, "max_output_tokens"],
      ["a body of chat completions", chat, "messages"],
      [
        "an image that is none",
        {
          input: [
            {
              role: "user",
              content: [
                { type: "input_text", text: "?" },
                { type: "input_image", image_url: noImage },
              ],
            },
          ],
        },
        "input[0].content[1].image_url",
      ],
      [
        "a schema that is none",
        { input: "Hi", tools: [{ type: "function", name: "f", parameters: 1 }] },
        "tools[0].parameters",
      ],
      ["a forced call without tools", { input: "Hi", tool_choice: "required" }, "tool_choice"],
      [
        "a forced call of another tool than there is",
        {
          input: "Hi",
          tools: [{ type: "function", name: "f", parameters: schema }],
          tool_choice: { type: "function", name: "g" },
        },
        "tool_choice",
      ],
      [
        "two conversations to go on from",
        { input: "Hi", previous_response_id: "resp_1", conversation: "conv_1" },
        "conversation",
      ],
    ],
    histories: [
      [
        "a result without a call",
        { input: [user, { type: "function_call_output", call_id: "c1", output: "1" }] },
        "input[1]",
      ],
      [
        "a call without a result",
        { input: [user, { type: "function_call", call_id: "c1", name: "f", arguments: "" }, user] },
        "input[1]",
      ],
    ],
    withoutSchema: { input: "Hi", tools: [{ type: "function", name: "f" }] },
  },
  anthropic: {
    path: () => "/v1/messages",
    body: messages,
    paramOf: (body) => {
      const { type, message } = body.error as Body;
      return type === "invalid_request_error" ? String(message).split(": ")[0] : type;
    },
    mistakes: [
      ["messages that are no list", { ...messages, messages: "Hi" }, "messages"],
      ["no messages", { ...messages, messages: [] }, "messages"],
      ["no bound", chat, "max_tokens"],
      ["a role that is none", { ...messages, messages: [{ role: "bot" }] }, "messages[0].role"],
      ["a temperature that is text", { ...messages, temperature: "hot" }, "temperature"],
      [
        "an image that is none",
        {
          ...messages,
          messages: [
            {
              role: "user",
              content: [
                {
                  type: "image",
                  source: { type: "base64", media_type: "image/png", data: text },
                },
              ],
            },
          ],
        },
        "messages[0].content[0].source.data",
      ],
      ["a tool without a schema", { ...messages, tools: [{ name: "f" }] }, "tools[0].input_schema"],
      ["a forced call without tools", { ...messages, tool_choice: { type: "any" } }, "tool_choice"],
      [
        "a forced call of another tool than there is",
        {
          ...messages,
          tools: [{ name: "f", input_schema: schema }],
          tool_choice: { type: "tool", name: "g" },
        },
        "tool_choice",
      ],
    ],
    histories: [
      [
        "a result without a call",
        {
          ...messages,
          messages: [
            { role: "user", content: [{ type: "tool_result", tool_use_id: "c1", content: "1" }] },
          ],
        },
        "messages[0].content[0]",
      ],
      [
        "a call without a result",
        {
          ...messages,
          messages: [
            user,
            {
              role: "assistant",
              content: [
                { type: "text", text: "Let me see" },
                { type: "tool_use", id: "c1", name: "f", input: {} },
              ],
            },
            user,
          ],
        },
        "messages[1].content[1]",
      ],
    ],
  },
  gemini: {
    path: (model) => `/v1beta/models/${encodeURIComponent(model)}:generateContent`,
    body: contents,
    paramOf: (body) => {
      const { status, details } = body.error as { status: string; details: [{ metadata: Body }] };
      return status === "INVALID_ARGUMENT" ? details[0].metadata.param : status;
    },
    mistakes: [
      ["contents that are no list", { contents: "Hi" }, "contents"],
      ["no contents", { contents: [] }, "contents"],
      ["a role that is none", { contents: [{ role: "bot", parts: [] }] }, "contents[0].role"],
      [
        "a temperature that is text",
        { ...contents, generationConfig: { temperature: "hot" } },
        "generationConfig.temperature",
      ],
      [
        "an image that is none",
        { contents: [{ parts: [{ inlineData: { mimeType: "image/png", data: text } }] }] },
        "contents[0].parts[0].inlineData.data",
      ],
      [
        "a forced call without tools",
        { ...contents, toolConfig: { functionCallingConfig: { mode: "ANY" } } },
        "toolConfig.functionCallingConfig",
      ],
      [
        "a forced call of another tool than there is",
        {
          ...contents,
          tools: [{ functionDeclarations: [{ name: "f" }] }],
          toolConfig: { functionCallingConfig: { mode: "ANY", allowedFunctionNames: ["g"] } },
        },
        "toolConfig.functionCallingConfig",
      ],
      [
        "a level of thoughts and a budget of them",
        {
          ...contents,
          generationConfig: { thinkingConfig: { thinkingLevel: "LOW", thinkingBudget: 9 } },
        },
        "generationConfig.thinkingConfig.thinkingBudget",
      ],
    ],
    histories: [
      [
        "a result without a call",
        { contents: [{ parts: [{ functionResponse: { name: "f", response: {} } }] }] },
        "contents[0].parts[0]",
      ],
      [
        "a call without a result",
        {
          contents: [
            ...contents.contents,
            { role: "model", parts: [{ functionCall: { name: "f", args: {} } }] },
            ...contents.contents,
          ],
        },
        "contents[1].parts[0]",
      ],
    ],
    withoutSchema: { ...contents, tools: [{ functionDeclarations: [{ name: "f" }] }] },
  },
};

const dialects = Object.keys(families) as ServerDialect[];
const gateway = useDialectGateway(dialects);

describe("a text of the gateway's own API that should be JSON and is none", () => {
  const part = (vendor: string) => ({ provider: { vendor, json: "{" } });
  const said = (...parts: object[]) => ({ messages: [{ role: "user", parts }] });
  const hi = { text: { text: "Hi" } };
  const rows: readonly Mistake[] = [
    [
      "a schema",
      { message: "Hi", tools: [{ name: "f", parameters_json: "{" }] },
      "parameters_json",
    ],
    [
      "a response's schema",
      { message: "Hi", response_format: { kind: "KIND_JSON_SCHEMA", schema_json: "{" } },
      "response_format.schema_json",
    ],
    ["a part", said(hi, part("anthropic")), "messages[0].parts[1].provider.json"],
    ["an empty part", said({ provider: { vendor: "anthropic" } }), "messages[0].parts[0]"],
    ["a part of another provider", said(hi, part("openai")), "messages[0].parts[1]"],
  ];
  test.each(rows)("%s is refused by name, and no endpoint blamed for it", async (...row) => {
    const [, body, param] = row;
    const send = (more: object) =>
      fetch(`${gateway.url}/api/v1/chat`, {
        method: "POST",
        headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
        body: JSON.stringify({ model_preference: "anthropic/double", ...more }),
      });
    for (let times = 0; times < 20; times += 1) {
      const refusal = await send(body);
      const { error } = (await refusal.json()) as { error: { message: string } };
      expect([refusal.status, error.message]).toEqual([400, expect.stringContaining(param)]);
    }
    expect(gateway.heard()).toEqual([]);
    expect((await send({ message: "Hi" })).status).toBe(200);
  });
});

describe.each(dialects)("a client of %s", (name) => {
  const family = families[name];
  const other = name === "anthropic" ? "openai-chat" : "anthropic";
  const targets = [`${name}/double`, `${other}/double`] as const;
  const send = (model: string, body: unknown) =>
    fetch(gateway.url + family.path(model), {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
      body: JSON.stringify(
        typeof body === "object" && !Array.isArray(body) ? { model, ...body } : body,
      ),
    });
  const refused = async (model: string, body: unknown) => {
    const response = await send(model, body);
    const error = (await response.json()) as Body;
    return [response.status, family.paramOf(error)];
  };

  describe.each(targets)("in front of %s", (model) => {
    test.each(family.mistakes)(
      "%s is refused by name, and no provider hears of it",
      async (...row) => {
        const [, body, param] = row;
        expect(await refused(model, body)).toEqual([400, param]);
        expect(gateway.heard()).toEqual([]);
      },
    );

    test("a body that is a list is refused", async () => {
      expect((await send(model, [family.body])).status).toBe(400);
      expect(gateway.heard()).toEqual([]);
    });

    test("the next request works", async () => {
      expect((await send(model, family.body)).status).toBe(200);
      expect(gateway.heard()).toHaveLength(1);
    });
  });

  test.each(family.histories)("%s is refused by name before it is translated", async (...row) => {
    const [, body, param] = row;
    expect(await refused(targets[1], body)).toEqual([400, param]);
    expect(gateway.heard()).toEqual([]);
  });

  test.each(family.histories)(
    "%s is for a provider of its own dialect to refuse",
    async (...row) => {
      const [, body] = row;
      const words = { error: { type: "invalid_request_error", message: "own words", code: 400 } };
      gateway.providers[name].faults.push({ kind: "status", status: 400, body: words });
      const response = await send(targets[0], body);
      expect([response.status, await response.json()]).toEqual([400, words]);
    },
  );

  test("a model that nobody has is 404 in the family's shape", async () => {
    const response = await send("nobody/has-it", family.body);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
    expect(gateway.heard()).toEqual([]);
  });

  test("a field that nobody knows is relayed, and named where a translation leaves it out", async () => {
    const body = { ...family.body, of_tomorrow: { a: 1 } };
    const relayed = await send(targets[0], body);
    expect(gateway.providers[name].received[0]?.body).toMatchObject({ of_tomorrow: { a: 1 } });
    expect(relayed.headers.get("x-polygate-dropped")).toBeNull();
    const translated = await send(targets[1], body);
    expect(gateway.providers[other].received[0]?.body).toHaveProperty("messages");
    expect(gateway.providers[other].received[0]?.body).not.toHaveProperty("of_tomorrow");
    expect(translated.headers.get("x-polygate-dropped")?.split(",")).toContain("of_tomorrow");
  });

  // A family whose tools have one in any case has no such row.
  if (family.withoutSchema !== undefined) {
    test("a tool without a schema takes nothing, whoever is told of it", async () => {
      expect((await send(targets[1], family.withoutSchema)).status).toBe(200);
      expect(gateway.heard()[0]?.body).toMatchObject({ tools: [{ input_schema: schema }] });
    });
  }
});
