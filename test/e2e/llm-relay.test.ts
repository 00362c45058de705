/** Where client and provider speak the same dialect, each is given the other's bytes, under the gateway's policy. */

import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ServerDialect } from "#dialects/dialect.ts";
import { type RunningGateway, startTestGateway } from "../support/gateway.ts";
import {
  type ProviderDouble,
  type ReceivedRequest,
  startProvider,
} from "../support/provider-double.ts";

const key = "a-key-that-is-long-enough";

/** How a client of a dialect asks, and what its provider says in reply. */
interface Speech {
  readonly configName: string;
  path(model: string, stream: boolean): string;
  /** The text of a request; the model stands where MODEL does, and in the path for Gemini. */
  readonly request: string;
  /** A whole response with fields of tomorrow, in a spacing of its own. */
  readonly response: string;
  /** A whole stream with frames and fields of tomorrow. */
  readonly stream: readonly string[];
  /** Frames of `stream` up to the first content, and what the gateway adds to one that breaks off there. */
  readonly contentAt: number;
  readonly failure: RegExp;
  readonly headers: Readonly<Record<string, string>>;
}

const openaiError = /^data: \{"error":\{.*"code":/;
const args = '{ \\"city\\": \\"Ulm\\",  \\"n\\": 1.0, \\"big\\": 12345678901234567890 }';

const speeches: Readonly<Record<ServerDialect, Speech>> = {
  "openai-chat": {
    configName: "openai",
    path: () => "/v1/chat/completions",
    request: `{ "model" : MODEL,\n "messages": [ {"role":"user","content":"Hi \\u00e9"}, {"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"w","arguments":"${args}"}}]}, {"role":"tool","tool_call_id":"c1","content":"1.0"} ], "fancy": {"b": 1.0, "a": 1e2}STREAM }`,
    response: `{ "id":"x", "choices" : [ {"index":0,"message":{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"w","arguments":"${args}"}}],"fancy":1.0},"finish_reason":"tool_calls"} ],\n"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}, "tomorrow": [1.00] }`,
    stream: [
      'data: {"id":"x","choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"obfuscation":"zz"}\n\n',
      'data: {"id":"x", "choices":[{"index":0,"delta":{"content":"a"},"fancy":1.0}]}\r\n\r\n',
      ": a comment\n\n",
      'data: {"id":"x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n',
      'data: {"id":"x","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}}\n\n',
      "data: [DONE]\n\n",
    ],
    contentAt: 2,
    failure: openaiError,
    headers: { "openai-beta": "assistants=v9" },
  },
  "openai-responses": {
    configName: "openai-responses",
    path: () => "/v1/responses",
    request: `{"input":[{"type":"message","role":"user","content":"Hi"},{"type":"function_call","call_id":"c1","name":"w","arguments":"${args}"},{"type":"function_call_output","call_id":"c1","output":"1"}],"model":MODEL,"fancy":{"b":1.0}STREAM}`,
    response: `{"id":"resp_9","object":"response","status":"completed","model":"m","output":[{"type":"function_call","id":"f","call_id":"c","name":"w","arguments":"${args}","fancy":1.0},{"type":"of_tomorrow"}],"usage":{"input_tokens":3,"output_tokens":5,"total_tokens":8},"tomorrow":1.00}`,
    stream: [
      'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_9","model":"m","status":"in_progress","output":[]}}\n\n',
      'event: response.output_item.added\ndata: {"type":"response.output_item.added","output_index":0,"item":{"type":"message","id":"m1"}}\n\n',
      'event: response.content_part.added\ndata: {"type":"response.content_part.added","output_index":0,"content_index":0,"part":{"type":"output_text","text":""}}\n\n',
      'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","output_index":0,"content_index":0,"delta":"a", "fancy":1.0}\n\n',
      'event: response.of_tomorrow\ndata: {"type":"response.of_tomorrow"}\n\n',
      'event: response.completed\ndata: {"type":"response.completed","response":{"id":"resp_9","model":"m","status":"completed","output":[],"usage":{"input_tokens":3,"output_tokens":5,"total_tokens":8}}}\n\n',
    ],
    contentAt: 4,
    failure: /^event: response.failed\ndata: \{"type":"response.failed".*"id":"resp_9"/,
    headers: { "openai-beta": "responses=v9" },
  },
  anthropic: {
    configName: "anthropic",
    path: () => "/v1/messages?beta=true",
    request: `{"max_tokens":5,"model":MODEL,"messages":[{"role":"user","content":[{"type":"text","text":"Hi"},{"type":"block_of_tomorrow","x":1.0}]},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"w","input":{ "city": "Ulm",  "n": 1.0 }}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"1"}]}],"context_management":{"edits":[]},"fancy":{"b":1.0}STREAM}`,
    response: `{"id":"msg_9","type":"message","role":"assistant","model":"m","content":[{"type":"tool_use","id":"c","name":"w","input":{ "n" : 1.0 }},{"type":"block_of_tomorrow"}],"stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":3,"output_tokens":5},"tomorrow":1.00}`,
    stream: [
      'event: message_start\ndata: {"type":"message_start","message":{"id":"msg_9","model":"m","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}\n\n',
      'event: ping\ndata: {"type": "ping"}\n\n',
      'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}\n\n',
      'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a", "fancy":1.0}}\n\n',
      'event: of_tomorrow\ndata: {"type":"of_tomorrow"}\n\n',
      'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n',
      'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}\n\n',
      'event: message_stop\ndata: {"type":"message_stop"}\n\n',
    ],
    contentAt: 4,
    failure: /^event: error\ndata: \{"type":"error"/,
    headers: { "anthropic-version": "2026-10-21", "anthropic-beta": "one-2026,two-2027" },
  },
  gemini: {
    configName: "gemini",
    path: (model, stream) =>
      `/v1beta/models/${encodeURIComponent(model)}:${stream ? "streamGenerateContent?alt=sse" : "generateContent"}`,
    request:
      '{"contents":[{"role":"user","parts":[{"text":"Hi"}]},{"role":"model","parts":[{"functionCall":{"name":"w","args":{ "n": 1.0 }}}]},{"role":"user","parts":[{"functionResponse":{"name":"w","response":{"output":"1"}}}]}],"fancy":{"b":1.0}}',
    response:
      '{"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"w","args":{ "n" : 1.0 }}},{"partOfTomorrow":1}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5,"totalTokenCount":8},"modelVersion":"m","responseId":"r","tomorrow":1.00}',
    stream: [
      'data: {"candidates":[{"content":{"role":"model","parts":[{"text":"a"}]},"index":0}],"responseId":"r","fancy":1.0}\r\n\r\n',
      'data: {"tomorrow":1.00}\r\n\r\n',
      'data: {"candidates":[{"content":{"role":"model","parts":[{"text":""}]},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":3,"candidatesTokenCount":5,"totalTokenCount":8}}\r\n\r\n',
    ],
    contentAt: 1,
    failure: /^data: \{"error":\{/,
    headers: {},
  },
};

const dialects = Object.keys(speeches) as ServerDialect[];

/** A gateway before a provider of each dialect. */
interface World extends AsyncDisposable {
  readonly gateway: RunningGateway;
  readonly providers: Readonly<Record<ServerDialect, ProviderDouble>>;
}

async function createWorld(): Promise<World> {
  const providers = {} as Record<ServerDialect, ProviderDouble>;
  for (const dialect of dialects) providers[dialect] = await startProvider(dialect);
  const provider = (dialect: ServerDialect) => {
    const { configName } = speeches[dialect];
    return `${dialect}: { dialect: ${configName}, base_url: "${providers[dialect].url}", api_key: upstream-key, default_model: "double é" }`;
  };
  const other = (dialect: ServerDialect) => (dialect === "anthropic" ? "gemini" : "anthropic");
  const translated = `translated: { dialect: openai, relay: false, base_url: "${providers["openai-chat"].url}", api_key: upstream-key, default_model: double }`;
  const yaml = `
gateway: { host: 127.0.0.1, port: 0 }
auth: { keys: [{ name: raw, key: ${key} }] }
load_balancer: { retry_attempts: 2 }
providers:
${dialects.map((dialect) => `  ${provider(dialect)}`).join("\n")}
  ${translated}
routes:
${dialects.map((dialect) => `  to-${dialect}: "${dialect}/double é"`).join("\n")}
${dialects.map((dialect) => `  over-${dialect}: { fallback: ["${dialect}/double é", "${other(dialect)}/double é"] }`).join("\n")}
${dialects.map((dialect) => `  hedged-${dialect}: { fallback: ["${other(dialect)}/double é", "${dialect}/double é"], hedge: 50ms }`).join("\n")}
`;
  const gateway = await startTestGateway({ yaml });
  return {
    gateway,
    providers,
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      for (const dialect of dialects) await providers[dialect][Symbol.asyncDispose]();
    },
  };
}

let world: World;

beforeAll(async () => {
  world = await createWorld();
  return () => world[Symbol.asyncDispose]();
}, 30_000);

/** A world for each test: what failed in another must not keep its provider from being asked. */
function eachInItsOwnWorld(): void {
  beforeEach(async () => {
    const shared = world;
    const own = await createWorld();
    world = own;
    return async () => {
      world = shared;
      await own[Symbol.asyncDispose]();
    };
  }, 30_000);
}

describe.each(dialects)("%s", (dialect) => {
  const speech = speeches[dialect];
  const provider = () => world.providers[dialect];
  const others = () =>
    dialects.filter((name) => name !== dialect).map((name) => world.providers[name]);

  const bodyFor = (model: string, stream: boolean) =>
    speech.request
      .replace("MODEL", JSON.stringify(model))
      .replace("STREAM", stream ? ',"stream" :true' : "");
  const send = (
    model: string,
    ways: { stream?: boolean; headers?: Record<string, string>; signal?: AbortSignal } = {},
  ) => {
    const { stream = false, headers = {}, signal } = ways;
    return fetch(world.gateway.url + speech.path(model, stream), {
      method: "POST",
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
      body: bodyFor(model, stream),
      ...(signal === undefined ? {} : { signal }),
    });
  };
  const last = () => provider().received.at(-1) as ReceivedRequest;
  /** What a client is shown of the stream: the gateway asked for the usage of chat completions, it did not. */
  const shown = speech.stream
    .filter((frame) => dialect !== "openai-chat" || !frame.includes('"choices":[]'))
    .join("");
  const lineOf = (response: Response) =>
    world.gateway.line(
      (line) =>
        line.request_id === response.headers.get("x-request-id") && line.status !== undefined,
    );

  test("a request reaches the provider byte for byte, but for the model's name, which the route maps", async () => {
    const response = await send(`to-${dialect}`);
    expect(response.status).toBe(200);
    // Unknown fields and blocks, the spacing, and the bytes of tools' arguments with it.
    expect(last().bytes.toString()).toBe(bodyFor("double é", false));
    if (dialect === "gemini") expect(last().path).toContain(encodeURIComponent("double é"));
    if (dialect === "anthropic") expect(last().path).toBe("/v1/messages?beta=true");
    await response.text();
  });

  test("a whole response reaches the client byte for byte, with fields that nobody knows", async () => {
    provider().faults.push({ kind: "bytes", bytes: speech.response });
    const response = await send(`to-${dialect}`);
    expect(await response.text()).toBe(speech.response);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(response.headers.get("x-polygate-provider")).toBe(dialect);
    expect(response.headers.get("x-polygate-model")).toBe("double é");
    expect(response.headers.get("x-polygate-attempts")).toBe("1");
    // Nothing was dropped: the provider was told everything.
    expect(response.headers.get("x-polygate-dropped")).toBeNull();
  });

  test("a stream reaches the client byte for byte, with frames that nobody knows", async () => {
    provider().faults.push({ kind: "bytes", bytes: speech.stream.join("") });
    const response = await send(`to-${dialect}`, { stream: true });
    expect(await response.text()).toBe(shown);
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    expect(response.headers.get("x-polygate-provider")).toBe(dialect);
    expect(response.headers.get("x-polygate-dropped")).toBeNull();
  });

  test("usage and cost are counted as of translated calls, whole and streamed", async () => {
    const used = async () => {
      const stats = await fetch(`${world.gateway.url}/stats`, {
        headers: { authorization: `Bearer ${key}` },
      });
      return JSON.parse(await stats.text());
    };
    const tokensOf = (stats: unknown) =>
      [
        ...JSON.stringify(stats).matchAll(new RegExp(`"${dialect}":\\{[^}]*"tokens":(\\d+)`, "g")),
      ].map(([, tokens]) => Number(tokens));
    const before = tokensOf(await used());
    provider().faults.push({ kind: "bytes", bytes: speech.response });
    await (await send(`to-${dialect}`)).text();
    provider().faults.push({ kind: "bytes", bytes: speech.stream.join("") });
    await (await send(`to-${dialect}`, { stream: true })).text();
    const after = tokensOf(await used());
    expect(after).toEqual(before.map((tokens) => tokens + 16));
    expect(after.length).toBeGreaterThan(0);
  });

  test("the dialect's own headers reach the provider, the client's key and others do not", async () => {
    const response = await send(`to-${dialect}`, {
      headers: { ...speech.headers, "x-custom": "1", "openai-organization": "org-of-the-client" },
    });
    await response.text();
    const { headers } = last();
    expect(headers).toMatchObject(speech.headers);
    expect(headers["x-custom"]).toBeUndefined();
    expect(headers["openai-organization"]).toBeUndefined();
    expect(JSON.stringify(headers)).not.toContain(key);
    expect(JSON.stringify(headers)).toContain("upstream-key");
  });

  test("a client that leaves ends the provider's call", async () => {
    const before = provider().abortedAtMs.length;
    const bytes = speech.stream.slice(0, speech.contentAt).join("");
    provider().faults.push({ kind: "bytes", bytes, isOpen: true });
    const leave = new AbortController();
    const response = await send(`to-${dialect}`, { stream: true, signal: leave.signal });
    const reader = response.body?.getReader();
    expect((await reader?.read())?.done).toBe(false);
    leave.abort();
    await reader?.closed.catch(() => {});
    await expect.poll(() => provider().abortedAtMs.length, { timeout: 5_000 }).toBe(before + 1);
    expect(provider().open()).toBe(0);
  });

  describe("when its provider fails", () => {
    eachInItsOwnWorld();

    test("an error before content goes to the next target, which is translated when it speaks otherwise", async () => {
      for (const other of others()) other.script = { text: "From another" };
      provider().faults.push({ kind: "error_frame" });
      const streamed = await send(`over-${dialect}`, { stream: true });
      const text = await streamed.text();
      expect(text).toContain("From a");
      expect(text).not.toContain("Overloaded");
      expect(streamed.headers.get("x-polygate-attempts")).toBe("2");
      expect(streamed.headers.get("x-polygate-provider")).not.toBe(dialect);
      // What the translation left out is told, as of any translated call.
      expect(streamed.headers.get("x-polygate-dropped")).toContain("fancy");

      provider().faults.push({ kind: "status", status: 503 });
      const whole = await send(`over-${dialect}`);
      expect(await whole.text()).toContain("From another");
      expect(whole.headers.get("x-polygate-dropped")).toContain("fancy");
    });

    test("where there is no other target it is asked again, and what it says then is relayed", async () => {
      provider().faults.push(
        { kind: "status", status: 503 },
        { kind: "error_frame" },
        { kind: "bytes", bytes: speech.stream.join("") },
      );
      const response = await send(`to-${dialect}`, { stream: true });
      expect(await response.text()).toBe(shown);
      expect(response.headers.get("x-polygate-attempts")).toBe("3");
      for (const { bytes } of provider().received) expect(bytes).toEqual(last().bytes);
      expect(provider().received).toHaveLength(3);
    });

    test("a hedge beside a provider of another dialect that is silent is relayed, whole and as a stream", async () => {
      for (const other of others()) other.illness = { kind: "stall" };
      for (const stream of [false, true]) {
        const bytes = stream ? speech.stream.join("") : speech.response;
        provider().faults.push({ kind: "bytes", bytes });
        const response = await send(`hedged-${dialect}`, { stream });
        expect(await response.text()).toBe(stream ? shown : bytes);
        expect(response.headers.get("x-polygate-provider")).toBe(dialect);
      }
      for (const other of others()) await expect.poll(() => other.open()).toBe(0);
    });

    test("an error inside a stream after content is the provider's own, and nothing follows it", async () => {
      const begun = speech.stream.slice(0, speech.contentAt).join("");
      const error = {
        "openai-chat":
          'data: {"error":{"message":"Overloaded", "code":"overloaded","fancy":1.0}}\n\n',
        "openai-responses":
          'event: response.failed\ndata: {"type":"response.failed","response":{"id":"resp_9","status":"failed","error":{"code":"server_error","message":"Overloaded"},"fancy":1.0}}\n\n',
        anthropic:
          'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"fancy":1.0}\n\n',
        gemini:
          'data: {"error":{"code":503,"message":"Overloaded","status":"UNAVAILABLE"},"fancy":1.0}\n\n',
      }[dialect];
      provider().faults.push({ kind: "bytes", bytes: begun + error });
      const response = await send(`over-${dialect}`, { stream: true });
      expect(await response.text()).toBe(begun + error);
      expect(response.headers.get("x-polygate-attempts")).toBe("1");
      expect(await lineOf(response)).toMatchObject({ reason: expect.stringMatching(/^BACKEND_/) });
    });

    test("a stream that breaks off after content has failed in its family's words; no end is made up", async () => {
      const begun = speech.stream.slice(0, speech.contentAt).join("");
      // The beginning of an event that never became whole is no event.
      provider().faults.push({ kind: "bytes", bytes: `${begun}data: {"id` });
      const text = await (await send(`to-${dialect}`, { stream: true })).text();
      expect(text.startsWith(begun)).toBe(true);
      expect(text.slice(begun.length)).toMatch(speech.failure);
      expect(text.slice(begun.length)).not.toMatch(
        /\[DONE\]|message_stop|response\.completed|finishReason/,
      );
    });

    test("a refusal of the client's own request is the provider's, word for word; one of the gateway's key is not", async () => {
      const body = {
        error: { type: "invalid_request_error", message: "fancy is too fancy", x: [1] },
      };
      const policy = { error: { ...body.error, message: "blocked by our content policy" } };
      provider().faults.push({ kind: "status", status: 400, body: policy });
      expect(await (await send(`to-${dialect}`)).json()).toEqual(policy);
      provider().faults.push({ kind: "status", status: 422, body });
      const refused = await send(`to-${dialect}`);
      expect(refused.status).toBe(422);
      expect(await refused.json()).toEqual(body);
      expect(refused.headers.get("content-type")).toBe("application/json");

      const secret = { error: { message: "Incorrect API key provided: upstr***key", type: "x" } };
      provider().faults.push({ kind: "status", status: 401, body: secret });
      const own = await send(`to-${dialect}`);
      expect(own.status).toBe(502);
      expect(await own.text()).not.toContain("Incorrect");
    });
  });
});

/** Sends a body to the provider of the dialect that the path belongs to; resolves to what the provider was sent. */
async function sent(dialect: ServerDialect, path: string, body: unknown): Promise<ReceivedRequest> {
  const response = await fetch(world.gateway.url + path, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  expect(response.status).toBe(200);
  await response.text();
  return world.providers[dialect].received.at(-1) as ReceivedRequest;
}

test("a provider of chat completions is asked for the usage of a stream, and for nothing else that the client was not", async () => {
  const messages = [{ role: "user", content: "Hi" }];
  const asked = { model: "double é", messages, stream: true };
  const bare = await sent("openai-chat", "/v1/chat/completions", {
    ...asked,
    model: "to-openai-chat",
  });
  expect(bare.body).toEqual({ ...asked, stream_options: { include_usage: true } });
  const told = await sent("openai-chat", "/v1/chat/completions", {
    ...asked,
    model: "to-openai-chat",
    stream_options: { include_obfuscation: false, include_usage: false },
  });
  expect(told.body).toEqual({
    ...asked,
    stream_options: { include_obfuscation: false, include_usage: true },
  });
});

test("state of another vendor goes to no provider, which makes such a request a translated one; its own goes back", async () => {
  const turns = (signature: string) => [
    { role: "user", content: "Hi" },
    {
      role: "assistant",
      content: [
        { type: "thinking", thinking: "hm", signature },
        { type: "text", text: "Hello" },
      ],
    },
    { role: "user", content: "Go on" },
  ];
  const ask = (signature: string) =>
    sent("anthropic", "/v1/messages", {
      model: "to-anthropic",
      max_tokens: 5,
      messages: turns(signature),
      fancy: 1,
    });
  const own = await ask("c2lnbmVk");
  expect(own.body).toMatchObject({ messages: turns("c2lnbmVk"), fancy: 1 });
  const foreign = await ask("pg1.google.c2VjcmV0");
  expect(foreign.bytes.toString()).not.toContain("c2VjcmV0");
  expect(foreign.body.fancy).toBeUndefined();
});

test("a model's name that stands twice in a body is replaced twice: no provider is asked for another", async () => {
  const response = await fetch(`${world.gateway.url}/v1/messages`, {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: '{"model":"an-expensive-one","max_tokens":5,"messages":[{"role":"user","content":"x"}],"model":"to-anthropic"}',
  });
  expect(response.status).toBe(200);
  expect(world.providers.anthropic.received.at(-1)?.bytes.toString()).not.toContain("expensive");
});

test("a provider with `relay: false` is told what the gateway makes of a request, in its own dialect too", async () => {
  const { body } = await sent("openai-chat", "/v1/chat/completions", {
    model: "translated",
    messages: [{ role: "user", content: "Hi" }],
    fancy: 1,
  });
  expect(body).toEqual({ model: "double", messages: [{ role: "user", content: "Hi" }] });
});
