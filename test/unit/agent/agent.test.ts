/** The reference core: what it answers, how it can be shaped, how it ends. */

import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import {
  type AgentDeps,
  type AgentOptions,
  agentModel,
  createAgent,
  plainAgent,
} from "#agent/agent.ts";
import { promptLengthMax } from "#agent/request.ts";
import { seededRng } from "#core/rng.ts";
import { createTurns } from "#core/turns.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { ChatRequestSchema, type StreamChatResponse } from "#gen/polyagent/core/v1/core_pb.js";
import { createManualClock } from "../../support/manual-clock.ts";
import { eventLoopTurn } from "../../support/predict.ts";

type RequestInit = MessageInitShape<typeof ChatRequestSchema>;

function agentWith(options: Partial<AgentOptions> = {}, more: Partial<AgentDeps> = {}) {
  const clock = createManualClock();
  const deps = { clock, rng: seededRng(7), ...more };
  const agent = createAgent({ ...plainAgent, ...options }, deps);
  const call = { signal: new AbortController().signal };
  const chat = (content: string, more: RequestInit = {}) => agent.chat(asked(content, more), call);
  const stream = (content: string, more: RequestInit = {}) =>
    agent.streamChat(asked(content, more), call);
  return { agent, clock, chat, stream };
}

function asked(content: string, more: RequestInit = {}) {
  return create(ChatRequestSchema, { messages: [{ role: "user", content }], ...more });
}

async function collect(stream: AsyncIterable<StreamChatResponse>): Promise<StreamChatResponse[]> {
  return await Array.fromAsync(stream);
}

async function reasonFrom(promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(
    () => undefined,
    (error: unknown) => reasonOf(faultFrom(error)),
  );
}

test("12*7 with use_tools is 84, by a call of the calculator", async () => {
  const answer = await agentWith().chat("what is 12*7?", { useTools: true });
  expect(answer.content).toMatch(/^12\*7 = 84\n/);
  expect(answer.content).toContain("no language model");
  expect(answer).toMatchObject({
    model: agentModel,
    finishReason: "stop",
    toolCalls: [
      { id: "call_1", name: "calculator", argumentsJson: '{"expression":"12*7"}', result: "84" },
    ],
  });
});

test("the clock tool tells the time of the given clock", async () => {
  const answer = await agentWith().chat("what time is it in Tokyo", { useTools: true });
  expect(answer.toolCalls).toMatchObject([
    {
      name: "clock",
      argumentsJson: '{"zone":"Asia/Tokyo"}',
      result: "2026-01-31 18:05:07 GMT+09:00",
    },
  ]);
});

test("a tool's problem is told in the answer and in the call's result", async () => {
  const answer = await agentWith().chat("1/0 and convert 2 foo to km", { useTools: true });
  expect(answer.toolCalls.map(({ result }) => result)).toEqual([
    'error: unknown unit "foo"',
    "error: division by zero",
  ]);
  expect(answer.content).toContain("1/0 cannot be computed: division by zero.");
});

test("without use_tools nothing is computed, and it says what it is and what it read", async () => {
  const answer = await agentWith().chat("what is 12*7?", { context: "some more words" });
  expect(answer.toolCalls).toEqual([]);
  expect(answer.content).not.toContain("84");
  expect(answer.content).toContain(
    "the reference core, a deterministic program and no language model",
  );
  expect(answer.content).toContain("3 words in the last of 1 message, 3 words of context");
});

test("echo gives back the text as it is, and the usage counts both sides", async () => {
  const answer = await agentWith().chat("echo hello world");
  expect(answer.content).toBe("hello world");
  expect(answer.usage).toMatchObject({ promptTokens: 3, completionTokens: 2, totalTokens: 5 });
});

test("every message, the context and the tools count as prompt", async () => {
  const { chat } = agentWith();
  const alone = await chat("echo hi");
  const more = await chat("", {
    messages: [
      { role: "system", content: "be brief" },
      { role: "user", content: "echo hi" },
    ],
    context: "background",
    tools: [{ name: "lookup", description: "finds things", parametersJson: "{}" }],
  });
  expect(more.content).toBe("hi");
  expect(more.usage?.promptTokens).toBeGreaterThan((alone.usage?.promptTokens ?? 0) + 5);
});

test("max_tokens cuts the answer to exactly so many tokens and says so", async () => {
  const answer = await agentWith().chat("count to 100", { maxTokens: 5 });
  expect(answer.content).toBe("1 2 3");
  expect(answer.finishReason).toBe("length");
  expect(answer.usage?.completionTokens).toBe(5);
});

test("a caller's tool that is named is asked for, and its result is passed on", async () => {
  const { chat } = agentWith();
  const tools = [{ name: "get_weather" }];
  const asking = await chat('use get_weather {"city":"Oslo"}', { tools });
  expect(asking).toMatchObject({
    content: "",
    finishReason: "tool_calls",
    toolCalls: [{ name: "get_weather", argumentsJson: '{"city":"Oslo"}', result: "" }],
  });
  const passing = await chat("", {
    tools,
    messages: [{ role: "tool", content: "3 degrees", toolCallId: "call_1" }],
  });
  expect(passing.content).toBe("The tool answered: 3 degrees");
});

test("a stream is the same answer: calls, then a piece a token, then the usage", async () => {
  const { chat, stream } = agentWith();
  const whole = await chat("what is 12*7?", { useTools: true });
  const pieces = await collect(stream("what is 12*7?", { useTools: true }));
  expect(pieces[0]?.toolCalls).toEqual(whole.toolCalls);
  expect(pieces.map(({ delta }) => delta).join("")).toBe(whole.content);
  expect(pieces.filter(({ delta }) => delta !== "")).toHaveLength(
    whole.usage?.completionTokens ?? 0,
  );
  expect(pieces.at(-1)).toMatchObject({ finishReason: "stop", usage: whole.usage });
  expect(new Set(pieces.map(({ model }) => model))).toEqual(new Set([agentModel]));
  expect(pieces.slice(0, -1).every(({ finishReason }) => finishReason === "")).toBe(true);
});

describe("refuses", () => {
  const rows = [
    ["no messages", create(ChatRequestSchema, {}), "REQUEST_INVALID"],
    ["max_tokens below 1", asked("hi", { maxTokens: 0 }), "REQUEST_INVALID"],
    [
      "a prompt of more characters than it reads",
      asked("x", { context: "x".repeat(promptLengthMax - 1) }),
      "REQUEST_INVALID",
    ],
    ["a model it does not have", asked("hi", { model: "other" }), "MODEL_UNKNOWN"],
  ] as const;
  test.each(rows)("%s", async (_, request, reason) => {
    const { agent } = agentWith();
    const { signal } = new AbortController();
    expect(await reasonFrom(agent.chat(request, { signal }))).toBe(reason);
    expect(await reasonFrom(collect(agent.streamChat(request, { signal })))).toBe(reason);
  });
});

describe("the event loop turns", () => {
  /** A clock that moves on at each look, so that every slice takes a turn. */
  function slowTurns() {
    let nowMs = 0;
    return createTurns({ nowMs: () => (nowMs += 1) });
  }

  /** Turns of the event loop that pass while `work` goes on. */
  async function turnsDuring(work: Promise<unknown>): Promise<number> {
    let turns = 0;
    let under = true;
    const ended = work.finally(() => {
      under = false;
    });
    while (under) {
      await eventLoopTurn();
      turns += 1;
    }
    await ended;
    return turns;
  }

  test("while a long prompt is counted", async () => {
    const { agent, chat } = agentWith({}, { turns: slowTurns() });
    await agent.warmUp();
    const prompt = "words of prose ".repeat(promptLengthMax / 16);
    expect(await turnsDuring(chat(prompt))).toBeGreaterThan(1900);
  });

  test("while nobody but the loop's owner waits for a stream", async () => {
    const { agent, stream } = agentWith({}, { turns: slowTurns() });
    await agent.warmUp();
    expect(await turnsDuring(collect(stream("count to 1000")))).toBeGreaterThan(1000);
  });

  test("while tools compute", async () => {
    const { agent, chat } = agentWith({}, { turns: slowTurns() });
    await agent.warmUp();
    const sums = chat("1+1 and 1+2 and 1+3 and 1+4 and 1+5 and 1+6", { useTools: true });
    expect(await turnsDuring(sums)).toBeGreaterThan(6);
  });

  test("and a call whose time is up ends in the midst of a long echo", async () => {
    const leaving = new AbortController();
    let looks = 0;
    const nowMs = () => {
      looks += 1;
      if (looks === 1000) leaving.abort(new DOMException("too late", "TimeoutError"));
      return looks;
    };
    const { agent } = agentWith({}, { turns: createTurns({ nowMs }) });
    const request = asked(`echo ${"𪛖".repeat(200_000)}`);
    const { signal } = leaving;
    expect(await reasonFrom(agent.chat(request, { signal }))).toBe("DEADLINE_EXCEEDED");
    expect(looks).toBeLessThan(1010);
  });
});

test("what one caller is given has nothing of another's, wherever either is cut", async () => {
  const { chat, stream } = agentWith();
  expect((await chat("echo 😀", { maxTokens: 1 })).content).toBe("\ufffd");
  expect((await chat("echo 😀😀x")).content).toBe("😀😀x");
  const cut = stream("echo 漢字漢字", { maxTokens: 2 });
  const whole = stream("echo 😀😀x");
  let text = "";
  for (;;) {
    await cut.next();
    const { value, done } = await whole.next();
    if (done) break;
    text += value.delta;
  }
  expect(text).toBe("😀😀x");
});

test("words are counted whole, however long the text is", async () => {
  const long = `${"a".repeat(20_000)} ${"b".repeat(16_000)}  ${"c ".repeat(20_000)}`;
  const { content } = await agentWith().chat(long, { context: `\n${"word ".repeat(10_000)}` });
  expect(content).toContain("I read 20002 words in the last of 1 message, 10000 words of context");
});

describe("generations under way are bounded", () => {
  const limits = { countMax: 2, sizeMax: 1000 };

  test("in number, and whoever ends makes room, however it ends", async () => {
    const { chat, stream } = agentWith({}, { limits });
    const [ended, left] = [stream("count to 3"), stream("count to 1000")];
    await Promise.all([ended.next(), left.next()]);
    expect(await reasonFrom(chat("hi"))).toBe("OVERLOADED");
    expect(await reasonFrom(collect(stream("hi")))).toBe("OVERLOADED");
    await Array.fromAsync(ended);
    expect(await reasonFrom(chat("hi"))).toBeUndefined();
    await left.return();
    expect(await reasonFrom(chat("hi", { model: "other" }))).toBe("MODEL_UNKNOWN");
    const again = [stream("count to 3"), stream("count to 3")];
    for (const one of again) expect((await one.next()).done).toBe(false);
  });

  test("in what their requests keep in memory; one alone may be larger", async () => {
    const { stream } = agentWith({}, { limits });
    const images = [{ data: new Uint8Array(1000), mediaType: "image/png" }];
    const messages = [{ role: "user", content: "count to 9", images }];
    const large = stream("", { messages });
    await large.next();
    expect(await reasonFrom(collect(stream("hi")))).toBe("OVERLOADED");
    await large.return();
    const first = stream(`echo ${"x".repeat(800)}`);
    await first.next();
    expect(await reasonFrom(collect(stream(`echo ${"x".repeat(200)}`)))).toBe("OVERLOADED");
    expect(await reasonFrom(collect(stream("count to 9")))).toBeUndefined();
  });
});

test("it counts to a thousand and no further", async () => {
  const { content } = await agentWith().chat("count to 99999");
  expect(content.split(" ").at(-1)).toBe("1000");
});

describe("shaping", () => {
  test("latency and token interval pass on the clock before the answer", async () => {
    const { clock, chat } = agentWith({ latencyMs: 100, tokenIntervalMs: 10 });
    const answer = chat("echo one two three");
    await clock.untilSleeping(1);
    await clock.advance(100);
    await clock.untilSleeping(1);
    await clock.advance(20);
    expect((await answer).content).toBe("one two three");
    expect(clock.nowMs()).toBe(120);
  });

  test("a stream waits the interval before each token but the first", async () => {
    const { clock, stream } = agentWith({ tokenIntervalMs: 10 });
    const arrivalsMs: number[] = [];
    const reading = (async () => {
      for await (const _ of stream("echo one two three")) arrivalsMs.push(clock.nowMs());
    })();
    for (const _ of ["two", "three"]) {
      await clock.untilSleeping(1);
      await clock.advance(10);
    }
    await reading;
    expect(arrivalsMs).toEqual([0, 10, 20, 20]);
  });

  test("the failure rate is the share of calls that fail, the same for the same seed", async () => {
    const failures = async () => {
      const { chat } = agentWith({ failureRate: 0.25 });
      const reasons = [];
      for (let i = 0; i < 400; i += 1) reasons.push(await reasonFrom(chat("echo x")));
      return reasons.map((reason) => reason ?? "OK");
    };
    const first = await failures();
    const lost = first.filter((reason) => reason === "BACKEND_LOST").length;
    expect(new Set(first)).toEqual(new Set(["OK", "BACKEND_LOST"]));
    expect(lost).toBeGreaterThan(70);
    expect(lost).toBeLessThan(130);
    expect(await failures()).toEqual(first);
  });

  test("a stream that is to break does so after exactly so many pieces", async () => {
    const { stream } = agentWith({ failAfterTokens: 2 });
    const pieces: string[] = [];
    const reading = async () => {
      for await (const { delta } of stream("echo one two three")) pieces.push(delta);
    };
    expect(await reasonFrom(reading())).toBe("BACKEND_LOST");
    expect(pieces).toEqual(["one", " two"]);
  });
});

describe("an abort ends", () => {
  test("the wait for the first token", async () => {
    const { agent, clock } = agentWith({ latencyMs: 60_000 });
    const abort = new AbortController();
    const answer = reasonFrom(agent.chat(asked("hi"), { signal: abort.signal }));
    await clock.untilSleeping(1);
    abort.abort();
    expect(await answer).toBe("CANCELLED");
    expect(clock.sleeping()).toBe(0);
  });

  test("a stream between two tokens", async () => {
    const { agent } = agentWith();
    const abort = new AbortController();
    const reading = async () => {
      const { signal } = abort;
      for await (const _ of agent.streamChat(asked("count to 99"), { signal })) abort.abort();
    };
    expect(await reasonFrom(reading())).toBe("CANCELLED");
  });
});
