/** Responses over a WebSocket, by OpenAI's own client: many turns on one connection, in front of providers of each dialect. */

import { once } from "node:events";
import { request as httpRequest, type IncomingMessage } from "node:http";
import OpenAI from "openai";
import { ResponsesWS } from "openai/resources/responses/ws";
import { describe, expect, onTestFinished, test } from "vitest";
import { clientKey as key, useDialectGateway } from "../support/dialect-gateway.ts";
import { startTestGateway } from "../support/gateway.ts";
import { startProvider } from "../support/provider-double.ts";

const dialects = ["openai-responses", "openai-chat", "anthropic", "gemini", "ollama"] as const;
/** Frames of each double until its response has content. */
const framesToContent = {
  "openai-responses": 5,
  "openai-chat": 2,
  anthropic: 4,
  gemini: 1,
  ollama: 1,
} as const;
type Event = Readonly<Record<string, unknown>>;

const gateway = useDialectGateway(dialects);

/** A client on one connection, and all that it was told. */
class Client {
  readonly told: Event[] = [];
  readonly closed: Promise<readonly [code: number, reason: string]>;
  readonly #socket: ResponsesWS;
  #wake: () => void = () => {};

  constructor(url: string, apiKey = key) {
    const client = new OpenAI({ baseURL: `${url}/v1`, apiKey, maxRetries: 0 });
    this.#socket = new ResponsesWS(client, { reconnect: null });
    this.#socket.on("event", (event) => {
      this.told.push(event as unknown as Event);
      this.#wake();
    });
    this.#socket.on("error", () => this.#wake());
    this.closed = new Promise((resolve) => {
      this.#socket.on("close", (code, reason) => resolve([code, reason]));
    });
    onTestFinished(() => this.close());
  }

  close(): void {
    this.#socket.close();
  }

  /** Sends what is said as it is. */
  say(text: string): void {
    this.#socket.sendRaw(text);
  }

  create(model: string, more: Event = {}): void {
    this.say(JSON.stringify({ type: "response.create", model, input: "Hi", ...more }));
  }

  /** The first event from `from` on that is wanted. */
  async until(wanted: (event: Event) => boolean, from = 0): Promise<Event> {
    for (;;) {
      const found = this.told.slice(from).find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** One turn: the response, or the error. */
  async turn(model: string, more: Event = {}): Promise<Event> {
    const from = this.told.length;
    this.create(model, more);
    return await this.until(({ type }) => isEnd(type), from);
  }
}

function isEnd(type: unknown): boolean {
  return /^(?:error|response\.(?:completed|incomplete|failed))$/.test(String(type));
}

const client = () => new Client(gateway.url);
const idOf = ({ response }: Event) => (response as { id: string }).id;
const textOf = ({ response }: Event) =>
  (response as { output: { content?: { text?: string }[] }[] }).output
    .flatMap(({ content = [] }) => content)
    .map(({ text = "" }) => text)
    .join("");
const going = (previous: Event, more: Event = {}): Event => ({
  previous_response_id: idOf(previous),
  store: false,
  input: [{ role: "user", content: "And?" }],
  ...more,
});

describe.each(dialects)("in front of %s", (dialect) => {
  const model = `${dialect}/double`;

  test("one connection carries many turns, each with the events of a stream", async () => {
    const one = client();
    for (let turn = 0; turn < 3; turn += 1) {
      const from = one.told.length;
      const end = await one.turn(model);
      expect([end.type, textOf(end)]).toEqual(["response.completed", "Hello there"]);
      const events = one.told.slice(from);
      const kinds = events.map(({ type }) => type);
      expect(kinds[0]).toBe("response.created");
      expect(kinds.filter((kind) => kind === "response.output_text.delta").length).toBe(2);
      const numbers = events.map(({ sequence_number }) => Number(sequence_number));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
      expect(events.every(({ stream_id }) => stream_id === undefined)).toBe(true);
    }
    expect(gateway.heard().length).toBe(3);
  });

  test("a turn that names the one before says only what is new, and its provider hears all", async () => {
    const one = client();
    const first = await one.turn(model, { store: false });
    const second = await one.turn(model, going(first));
    expect(second.type).toBe("response.completed");
    await one.turn(model, going(second, { input: "Then?" }));
    const [, , third] = gateway.heard();
    const said = JSON.stringify(third?.body);
    expect(["Hi", "And?", "Then?"].map((words) => said.split(`"${words}"`).length)).toEqual([
      2, 2, 2,
    ]);
    expect(said.split("Hello there").length).toBe(3);
    expect(said).not.toContain("previous_response_id");
  });

  test("the result of a call goes on from the call", async () => {
    const one = client();
    const tools = [{ type: "function", name: "w", parameters: { type: "object", properties: {} } }];
    gateway.providers[dialect].scripts.push({
      text: "Let me look",
      toolCall: { id: "call_1", name: "w", arguments: "{}" },
    });
    const first = await one.turn(model, { store: false, tools });
    const [call] = (first.response as { output: Event[] }).output.filter(
      ({ type }) => type === "function_call",
    );
    const result = { type: "function_call_output", call_id: call?.call_id, output: "Sunny" };
    const second = await one.turn(model, going(first, { tools, input: [result] }));
    expect(second.type).toBe("response.completed");
    expect(gateway.heard()[1]?.bytes.toString()).toContain("Sunny");
  });

  test("what fails in the midst of a stream ends the response, and not the connection", async () => {
    const one = client();
    gateway.providers[dialect].faults.push({
      kind: "error_after",
      frames: framesToContent[dialect],
    });
    const failed = await one.turn(model);
    expect(["response.failed", "error"]).toContain(failed.type);
    expect((await one.turn(model)).type).toBe("response.completed");
  });

  test("a client that leaves ends its provider's call", async () => {
    const provider = gateway.providers[dialect];
    const before = provider.abortedAtMs.length;
    provider.faults.push({ kind: "stall_after", frames: framesToContent[dialect] });
    const one = client();
    one.create(model);
    await one.until(({ type }) => type === "response.output_text.delta");
    one.close();
    await expect.poll(() => provider.abortedAtMs.length, { timeout: 5_000 }).toBe(before + 1);
  });
});

describe("a response that is gone on from", () => {
  const model = "anthropic/double";

  test("is known on its own connection alone", async () => {
    const first = await client().turn(model, { store: false });
    const other = await client().turn(model, going(first));
    expect(other).toMatchObject({
      type: "error",
      status: 400,
      error: {
        type: "invalid_request_error",
        code: "previous_response_not_found",
        param: "previous_response_id",
      },
    });
    expect(gateway.heard().length).toBe(1);
  });

  test.each([[{ store: undefined }], [{ store: true }]])(
    "is refused by name where its provider keeps none either, with %o",
    async (more) => {
      const one = client();
      const refused = await one.turn(model, {
        ...going({ response: { id: "resp_elsewhere" } }),
        ...more,
      });
      expect(refused).toMatchObject({ type: "error", status: 400 });
      expect(["previous_response_id", "store"]).toContain(
        (refused.error as { param: string }).param,
      );
      expect(gateway.heard()).toEqual([]);
    },
  );

  test("that OpenAI keeps is OpenAI's to go on from", async () => {
    const one = client();
    const more = { ...going({ response: { id: "resp_kept" } }), store: true };
    expect((await one.turn("openai-responses/double", more)).type).toBe("response.completed");
    expect(gateway.heard()[0]?.body).toMatchObject({ previous_response_id: "resp_kept" });
  });

  test("is the last one of its lane", async () => {
    gateway.providers.anthropic.scripts.length = 0;
    const one = client();
    const first = await one.turn("openai-chat/double", { store: false });
    // Each response of the double has the same id; that of another provider has another.
    const second = await one.turn(model, going(first));
    expect(second.type).toBe("response.completed");
    expect(await one.turn(model, going(first))).toMatchObject({
      error: { code: "previous_response_not_found" },
    });
  });

  test("is forgotten when its lane fails to go on from it, and kept when another does", async () => {
    const one = client();
    const { faults } = gateway.providers.anthropic;
    const refusal = { kind: "status", status: 400, body: { error: { message: "no" } } } as const;
    const first = await one.turn(model, { store: false, stream_id: "main" });
    faults.push(refusal);
    expect((await one.turn(model, going(first, { stream_id: "fork" }))).type).toBe("error");
    faults.push(refusal);
    expect((await one.turn(model, going(first, { stream_id: "main" }))).type).toBe("error");
    expect(await one.turn(model, going(first, { stream_id: "main" }))).toMatchObject({
      stream_id: "main",
      error: { code: "previous_response_not_found" },
    });
  });

  test("may have said nothing: what was prepared costs no call, and is told with the next turn", async () => {
    const one = client();
    const prepared = await one.turn(model, { store: false, generate: false, input: "Be ready" });
    expect(prepared).toMatchObject({ type: "response.completed", response: { output: [] } });
    expect(gateway.heard()).toEqual([]);
    expect((await one.turn(model, going(prepared))).type).toBe("response.completed");
    const said = JSON.stringify(gateway.heard()[0]?.body);
    expect([said.includes("Be ready"), said.includes("And?")]).toEqual([true, true]);
  });
});

describe("lanes", () => {
  const model = "openai-chat/double";

  test("run side by side; turns of one lane wait for each other", async () => {
    const provider = gateway.providers["openai-chat"];
    provider.faults.push({ kind: "stall_after", frames: 2 });
    const one = client();
    one.create(model, { stream_id: "a" });
    await one.until(({ type }) => type === "response.output_text.delta");
    one.create(model, { stream_id: "a" });
    one.create(model, { stream_id: "b" });
    one.create(model);
    const ended = await one.until(({ type, stream_id }) => isEnd(type) && stream_id === "b");
    expect(ended.type).toBe("response.completed");
    await one.until(({ type, stream_id }) => isEnd(type) && stream_id === undefined);
    const lanes = new Set(one.told.map(({ stream_id }) => stream_id));
    expect(lanes).toEqual(new Set(["a", "b", undefined]));
    // The second turn of lane a has not begun.
    expect(provider.received.length).toBe(3);
  });

  test("have sixteen responses in flight, and no more", async () => {
    const provider = gateway.providers["openai-chat"];
    provider.illness = { kind: "stall" };
    onTestFinished(() => {
      provider.illness = undefined;
    });
    const one = client();
    for (let lane = 0; lane < 20; lane += 1) one.create(model, { stream_id: `lane_${lane}` });
    await expect.poll(() => provider.open()).toBe(16);
    // What is read after all of them is answered: they were read, and wait.
    one.say("{}");
    await one.until(({ type }) => type === "error");
    expect([provider.open(), provider.received.length]).toEqual([16, 16]);
    one.close();
    await expect.poll(() => provider.open()).toBe(0);
    expect(provider.received.length).toBe(16);
  });

  test("are thirty-two besides the one without a name", async () => {
    const one = client();
    for (let lane = 0; lane < 32; lane += 1) {
      await one.turn(model, { stream_id: `l.${lane}`, generate: false });
    }
    expect(await one.turn(model, { stream_id: "one-more", generate: false })).toMatchObject({
      type: "error",
      status: 400,
      error: { code: "websocket_stream_limit_reached", param: "stream_id" },
    });
    expect((await one.turn(model, { generate: false })).type).toBe("response.completed");
    expect((await one.turn(model, { stream_id: "l.3", generate: false })).type).toBe(
      "response.completed",
    );
  });
});

describe("a message that is not taken is told why, and the next one is taken", () => {
  const create = (more: Event) =>
    JSON.stringify({ type: "response.create", model: "gemini/double", input: "Hi", ...more });
  test.each<readonly [string, string, Event]>([
    ["no JSON", "{", {}],
    ["empty", "", {}],
    ["no object", "[1]", {}],
    ["an event of no one", '{"type":"response.steer"}', { param: "type" }],
    ["a lane without a name", create({ stream_id: "" }), { code: "invalid_stream_id" }],
    ["a lane with a bad name", create({ stream_id: "a b" }), { code: "invalid_stream_id" }],
    [
      "a lane with a long name",
      create({ stream_id: "a".repeat(257) }),
      { code: "invalid_stream_id" },
    ],
    ["a response in the background", create({ background: true }), { param: "background" }],
    ["a model of no one", create({ model: "none" }), { code: "model_not_found" }],
    ["without a model", create({ model: undefined }), { param: "model" }],
    ["without input", create({ input: undefined }), { param: "input" }],
    ["a number as an id", create({ previous_response_id: 7 }), { param: "previous_response_id" }],
    [
      "a bad part",
      create({ input: [{ role: "user", content: [{ type: "input_text" }] }] }),
      { param: "input[0].content[0].text" },
    ],
  ])("%s", async (_name, text, error) => {
    const one = client();
    one.say(text);
    const told = await one.until(() => true);
    expect(told).toMatchObject({ type: "error", error: { message: expect.any(String), ...error } });
    expect(Number(told.status)).toBeGreaterThanOrEqual(400);
    expect(gateway.heard()).toEqual([]);
    expect((await one.turn("gemini/double")).type).toBe("response.completed");
  });
});

test("what a translation leaves out is named with the first event, as the head of a response would", async () => {
  const one = client();
  await one.turn("anthropic/double", { prompt_cache_key: "k", of_tomorrow: 1 });
  const [created, next] = one.told;
  expect(created).toMatchObject({
    type: "response.created",
    headers: {
      "x-polygate-provider": "anthropic",
      "x-polygate-dropped": "prompt_cache_key,of_tomorrow",
    },
  });
  expect(next?.headers).toBeUndefined();
});

describe("the handshake", () => {
  const fields = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };
  const answerTo = async (url: string, more: Readonly<Record<string, string>>) => {
    const request = httpRequest(url, { headers: { ...fields, ...more } }).end();
    const [answer, socket] = await Promise.race([
      once(request, "response"),
      once(request, "upgrade"),
    ]);
    if (socket !== undefined) {
      socket.destroy();
      return { status: 101 };
    }
    let body = "";
    for await (const piece of answer as IncomingMessage) body += piece;
    return { status: (answer as IncomingMessage).statusCode, body: JSON.parse(body) };
  };
  const authorization = `Bearer ${key}`;

  test("is refused without a key, in the family's shape", async () => {
    const url = `${gateway.url}/v1/responses`;
    expect(await answerTo(url, {})).toMatchObject({
      status: 401,
      body: { error: { type: "authentication_error", code: "invalid_api_key" } },
    });
    expect((await answerTo(url, { authorization })).status).toBe(101);
  });

  test("is refused to pages of other hosts, and where it is none", async () => {
    const url = `${gateway.url}/v1/responses`;
    const origin = "https://elsewhere.example";
    expect((await answerTo(url, { authorization, origin })).status).toBe(403);
    expect((await answerTo(url, { authorization, "sec-websocket-version": "8" })).status).toBe(400);
  });

  test("of any other path is no one's, where OpenAI's API is all that is served", async () => {
    await using provider = await startProvider("openai-chat");
    await using only = await startTestGateway({
      yaml: `
listeners: [{ name: api, host: 127.0.0.1, port: 0, serves: [openai] }]
providers: { p: { dialect: openai, base_url: "${provider.url}", api_key: k } }
`,
    });
    expect((await answerTo(`${only.url}/v1/chat/completions`, {})).status).toBe(404);
    const one = new Client(only.url);
    expect((await one.turn("p/double")).type).toBe("response.completed");
  });
});

test("each turn is a call of its own: limited, logged and named", async () => {
  await using provider = await startProvider("openai-chat");
  await using limited = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0 }
rate_limiting: { requests_per_minute: 1, burst: 3 }
providers: { p: { dialect: openai, base_url: "${provider.url}", api_key: k } }
`,
  });
  const one = new Client(limited.url);
  // What is no turn is a call that failed, and costs as much.
  one.say("{");
  await one.until(({ type }) => type === "error");
  await limited.line(({ reason }) => reason === "BODY_MALFORMED");
  expect((await one.turn("p/double")).type).toBe("response.completed");
  expect((await one.turn("p/double")).type).toBe("response.completed");
  expect(await one.turn("p/double")).toMatchObject({
    type: "error",
    status: 429,
    error: { code: "rate_limit_exceeded" },
    headers: { "retry-after": expect.any(String) },
  });
  expect(provider.received.length).toBe(2);
  await limited.line(({ reason }) => reason === "RATE_LIMITED");
  const calls = limited.lines.filter(
    ({ endpoint, msg }) => endpoint === "/v1/responses" && msg === "call",
  );
  expect(calls.map(({ code }) => code)).toEqual([
    "INVALID_ARGUMENT",
    "OK",
    "OK",
    "RESOURCE_EXHAUSTED",
  ]);
  expect(new Set(calls.map(({ request_id }) => request_id)).size).toBe(4);
});

test("a server that stops lets the turn end, and closes the connections that only wait", async () => {
  await using provider = await startProvider("openai-chat");
  await using stopping = await startTestGateway({
    yaml: `
gateway: { host: 127.0.0.1, port: 0, drain_timeout: 20s }
providers: { p: { dialect: openai, base_url: "${provider.url}", api_key: k } }
`,
  });
  const idle = new Client(stopping.url);
  await idle.turn("p/double");
  const busy = new Client(stopping.url);
  provider.delayMs = 300;
  busy.create("p/double");
  await expect.poll(() => provider.open()).toBe(1);
  const drained = stopping.gateway.drain();
  expect(await idle.closed).toEqual([1001, "SHUTTING_DOWN"]);
  expect((await busy.until(({ type }) => isEnd(type))).type).toBe("response.completed");
  expect(await busy.closed).toEqual([1001, "SHUTTING_DOWN"]);
  await drained;
});
