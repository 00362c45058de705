/** Fields of requests, responses and errors, one at a time: each arrives where the other side reads it. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { normalized } from "#chat/normalize.ts";
import { partOf, textPart } from "#chat/parts.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { writtenFrom } from "#dialects/json-texts.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import { ollamaEmbedClient } from "#dialects/ollama/embed-client.ts";
import { relayedBody } from "#dialects/relay/rules.ts";
import { infoMetadataOf, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import { Reasoning_Mode as ReasoningMode } from "#gen/polygate/v1/conversation_pb.js";
import { EmbedRequestSchema } from "#gen/polygate/v1/embeddings_pb.js";

type Request = MessageInitShape<typeof ChatRequestSchema>;

const target = { model: "m", facts: defaultModelFacts };
const requestOf = (request: Request) => normalized(create(ChatRequestSchema, request));

/** Reason, parameter and words of what a function throws. */
function thrownBy(work: () => unknown) {
  try {
    work();
  } catch (thrown) {
    const error = faultFrom(thrown);
    return [reasonOf(error), infoMetadataOf(error).param, error.rawMessage];
  }
  return expect.unreachable("it should have been refused");
}

describe("Gemini's thinkingConfig", () => {
  const read = (thinkingConfig: object) => {
    const contents = [{ role: "user", parts: [{ text: "x" }] }];
    const body = { model: "m", contents, generationConfig: { thinkingConfig } };
    return servers.gemini.readRequest(body).request.reasoning;
  };

  test.each([
    [{ thinkingBudget: 512 }, { budgetTokens: 512, effort: "", mode: ReasoningMode.UNSPECIFIED }],
    [{ thinkingBudget: 0 }, { budgetTokens: undefined, effort: "", mode: ReasoningMode.OFF }],
    [{ thinkingBudget: -1 }, { budgetTokens: undefined, effort: "", mode: ReasoningMode.ADAPTIVE }],
    [
      { thinkingLevel: "LOW" },
      { budgetTokens: undefined, effort: "low", mode: ReasoningMode.UNSPECIFIED },
    ],
  ])("%j is read", (config, reasoning) => {
    const { budgetTokens, effort, mode } = read(config) ?? {};
    expect({ budgetTokens, effort, mode }).toEqual(reasoning);
  });

  test("a level and a budget contradict each other", () => {
    const [reason, param, words] = thrownBy(() =>
      read({ thinkingLevel: "LOW", thinkingBudget: 5 }),
    );
    expect(reason).toBe("PARAMETER_INVALID");
    expect(param).toContain("thinkingBudget");
    expect(words).toContain("`thinkingLevel`");
  });

  test("a budget below -1 is refused by its name", () => {
    expect(thrownBy(() => read({ thinkingBudget: -2 }))[1]).toContain("thinkingBudget");
  });
});

describe("a signature of Gemini's thoughts", () => {
  const written = (parts: Request["messages"]) =>
    clients.gemini.writeRequest(requestOf({ messages: parts ?? [] }), target).body as {
      contents: { role: string; parts: object[] }[];
    };
  const thought = (data: string) =>
    partOf({ case: "thinking", value: { text: "hm", state: { vendor: "google", data } } });
  const user = { role: "user", parts: [textPart("x")] };

  test("that no call follows goes back with the last part of its turn", () => {
    const parts = [textPart("one"), thought("c2ln"), textPart("two")];
    const { contents } = written([user, { role: "assistant", parts }, user]);
    expect(contents[1]?.parts).toEqual([
      { text: "one" },
      { text: "two", thoughtSignature: "c2ln" },
    ]);
  });

  test("goes with its thoughts where a turn had nothing else", () => {
    const { contents } = written([user, { role: "assistant", parts: [thought("c2ln")] }, user]);
    expect(contents).toEqual([{ role: "user", parts: [{ text: "x" }, { text: "x" }] }]);
  });

  test("is not invented where none came", () => {
    const { contents } = written([user, { role: "assistant", parts: [textPart("one")] }, user]);
    expect(contents[1]?.parts).toEqual([{ text: "one" }]);
  });
});

test("an error inside a stream of Gemini's is read as one of a response, by its own code", () => {
  const reader = clients.gemini.streamReader(target);
  const body = { error: { code: 429, status: "RESOURCE_EXHAUSTED", message: "slow down" } };
  const [reason, , words] = thrownBy(() => reader.read({ data: JSON.stringify(body) }));
  expect(reason).toBe("BACKEND_RATE_LIMITED");
  expect(words).toContain("slow down");
});

test("the provider's own word for an error of Gemini's is told", () => {
  const error = { code: 400, status: "FAILED_PRECONDITION", message: "no billing" };
  const fault = clients.gemini.readError({ status: 400, headers: {}, body: { error } });
  expect(infoMetadataOf(fault)).toMatchObject({
    upstream_status: "400",
    upstream_code: "FAILED_PRECONDITION",
  });
});

describe("a chat completion", () => {
  const facts = {
    createdSeconds: 1,
    nowSeconds: () => 1,
    responseId: "id",
    includeUsage: false,
  };
  const message = (
    parts: MessageInitShape<typeof ChatResponseSchema>["parts"],
    request: Request = {},
  ) => {
    const response = create(ChatResponseSchema, { parts: parts ?? [] });
    const asked = { ...facts, request: create(ChatRequestSchema, request) };
    const body = servers["openai-chat"].writeResponse(response, asked) as {
      choices: { message: Record<string, unknown> }[];
    };
    return body.choices[0]?.message;
  };

  test("names no thoughts and no calls where there are none", () => {
    expect(message([textPart("hello")])).toEqual({
      role: "assistant",
      content: "hello",
      refusal: null,
    });
  });

  test("has thoughts, their state and calls beside the words", () => {
    const state = { vendor: "anthropic", data: "sealed" };
    const call = { id: "c1", name: "f", arguments: "{}" };
    const whole = message([
      partOf({ case: "thinking", value: { text: "hm", state } }),
      textPart("hello"),
      partOf({ case: "toolCall", value: call }),
    ]);
    expect(whole).toMatchObject({ content: "hello", reasoning_content: "hm" });
    expect(JSON.stringify(whole?.reasoning_details)).toContain("sealed");
    expect(whole?.tool_calls).toMatchObject([
      { id: "c1", type: "function", function: { name: "f", arguments: "{}" } },
    ]);
  });

  describe("that is heard", () => {
    const samples = Buffer.from([1, 0, 2, 0]);
    const spoken = partOf({
      case: "audio",
      value: { mediaType: "audio/L16;rate=24000", source: { case: "data", value: samples } },
    });
    const asking = (format: string) => ({ providerOptions: { speech: { format } } });

    test("has its samples in the format that was asked for", () => {
      expect(message([spoken], asking("pcm16"))?.audio).toEqual({
        id: "audio_id",
        expires_at: 1,
        data: samples.toString("base64"),
        transcript: "",
      });
    });

    test.each([
      ["an empty format", asking("")],
      ["no wish for speech", { providerOptions: {} }],
      ["no options", {}],
    ])("is a WAV file where there is %s", (_name, request) => {
      const audio = message([spoken], request)?.audio as { data: string } | undefined;
      const file = Buffer.from(audio?.data ?? "", "base64");
      expect(file.toString("latin1", 0, 4)).toBe("RIFF");
      expect(file.subarray(-samples.length)).toEqual(samples);
    });

    test("fails where the format would need an encoder", () => {
      const [reason, , words] = thrownBy(() => message([spoken], asking("mp3")));
      expect([reason, words]).toEqual([
        "BACKEND_MALFORMED",
        "the provider made audio/L16;rate=24000, of which no mp3 is written",
      ]);
    });
  });

  test("a refusal that is streamed is a part of its own", () => {
    const reader = clients["openai-chat"].streamReader(target);
    const chunk = { id: "x", choices: [{ index: 0, delta: { refusal: "I may not" } }] };
    const events = reader.read({ data: JSON.stringify(chunk) });
    expect(JSON.stringify(events)).toContain("I may not");
    const words = { id: "x", choices: [{ index: 0, delta: { content: "but" } }] };
    expect(JSON.stringify(reader.read({ data: JSON.stringify(words) }))).not.toContain("refusal");
  });
});

describe("an item of Responses", () => {
  const read = (item: object) =>
    servers["openai-responses"].readRequest({ model: "m", input: [item] }).request.messages;

  test("a message of the developer is one of the system", () => {
    const said = ["system", "developer"].map((role) => read({ role, content: "be brief" }));
    expect(said.flat().map(({ role }) => role)).toEqual(["system", "system"]);
  });

  test("a message without role, or of nobody known, is refused by its place", () => {
    for (const role of [undefined, "tool"]) {
      const [reason, param, words] = thrownBy(() => read({ type: "message", role, content: "x" }));
      expect([reason, param]).toEqual(["PARAMETER_INVALID", "input[0].role"]);
      if (role === undefined) expect(words).toContain("is required");
    }
  });

  test("function_call is a call with its namespace; what is not there is empty", () => {
    const call = { type: "function_call", call_id: "c1", name: "f" };
    const [plain] = read(call);
    expect(plain?.parts[0]?.content).toMatchObject({
      case: "toolCall",
      value: { id: "c1", name: "f", namespace: "", arguments: "", freeForm: false },
    });
    const [full] = read({ ...call, namespace: "n", arguments: '{"a":1}' });
    expect(full?.parts[0]?.content).toMatchObject({
      value: { namespace: "n", arguments: '{"a":1}' },
    });
  });

  test("custom_tool_call is a call of free text", () => {
    const [turn] = read({ type: "custom_tool_call", call_id: "c1", name: "shell", input: "ls" });
    expect(turn).toMatchObject({ role: "assistant" });
    expect(turn?.parts[0]?.content).toMatchObject({
      case: "toolCall",
      value: { id: "c1", name: "shell", arguments: "ls", freeForm: true },
    });
  });

  test.each(["call_id", "name"])("custom_tool_call without %s is refused by its place", (name) => {
    const item = { type: "custom_tool_call", call_id: "c1", name: "shell", input: "ls" };
    expect(thrownBy(() => read({ ...item, [name]: undefined }))[1]).toBe(`input[0].${name}`);
  });
});

test("Ollama takes texts, and refuses tokens by their place", () => {
  const embed = (inputs: MessageInitShape<typeof EmbedRequestSchema>["inputs"]) =>
    ollamaEmbedClient.write(create(EmbedRequestSchema, { inputs: inputs ?? [] }), target);
  const text = { content: { case: "text" as const, value: "one" } };
  expect(embed([text]).body).toMatchObject({ model: "m", input: ["one"], truncate: false });
  const tokens = { content: { case: "tokens" as const, value: { ids: [1, 2] } } };
  const [reason, param, words] = thrownBy(() => embed([text, tokens]));
  expect([reason, param]).toEqual(["PARAMETER_UNSUPPORTED", "inputs[1]"]);
  expect(words).toContain("text, not tokens");
});

test.each([
  ['{"model":"m"}', { include_usage: true }],
  ['{"model":"m","stream_options":null}', { include_usage: true }],
  [
    '{"model":"m","stream_options":{"include_usage":false,"include_obfuscation":false}}',
    { include_usage: true, include_obfuscation: false },
  ],
])("a stream that is relayed tells its usage, whatever it was asked: %s", (body, options) => {
  const request = {
    dialect: "openai-chat" as const,
    body: Buffer.from(body),
    headers: {},
    query: "",
    hidesUsage: true,
  };
  expect(JSON.parse(`${relayedBody(request, "other")}`)).toEqual({
    model: "other",
    stream_options: options,
  });
});

describe("JSON that a request holds as text", () => {
  const tool = { name: "f", parametersJson: "{" };

  test("is named by its place when it is none", () => {
    const parse = () => JSON.parse("{");
    const request = create(ChatRequestSchema, { tools: [{ name: "g" }, tool] });
    expect(thrownBy(() => writtenFrom(request, parse)).slice(0, 2)).toEqual([
      "PARAMETER_INVALID",
      "tools[1].parameters_json",
    ]);
  });

  test("is not blamed for other faults, nor where all of it is sound", () => {
    const other = new RangeError("another");
    const fails = (thrown: unknown) => () => {
      throw thrown;
    };
    const broken = create(ChatRequestSchema, { tools: [tool] });
    expect(() => writtenFrom(broken, fails(other))).toThrow(other);
    const sound = create(ChatRequestSchema, { tools: [{ name: "f", parametersJson: "{}" }] });
    const syntax = new SyntaxError("of something else");
    expect(() => writtenFrom(sound, fails(syntax))).toThrow(syntax);
    expect(writtenFrom(broken, () => "written")).toBe("written");
  });
});
