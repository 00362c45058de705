/** Streams of every dialect: cut at any byte they never end by themselves, and say what whole responses say. */

import { readFileSync } from "node:fs";
import { create, toJson } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { Assembler } from "#chat/assemble.ts";
import { eventsOf } from "#chat/events.ts";
import { eventOf, partOf } from "#chat/parts.ts";
import type { DialectName, Frame } from "#dialects/dialect.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { frameReader } from "#dialects/frame-reader.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import {
  ChatRequestSchema,
  type ChatResponse,
  ChatResponseSchema,
} from "#gen/polygate/v1/chat_pb.js";
import { Stop_Kind, ToolCallPartSchema } from "#gen/polygate/v1/conversation_pb.js";

const target = { model: "m", facts: defaultModelFacts };

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly from: DialectName;
  readonly input: unknown;
}

const rows: Row[] = readFileSync("test/fixtures/llm-translate.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

/** The bytes of a provider's stream. */
function bytesOf(from: DialectName, frames: readonly unknown[]): Buffer {
  const lines = frames.map((frame) => {
    const data = typeof frame === "string" ? frame : JSON.stringify(frame);
    return from === "ollama" ? `${data}\n` : `data: ${data}\n\n`;
  });
  return Buffer.from(lines.join(""));
}

/** What a stream's bytes become; undefined when they are no whole response. */
function assembled(from: DialectName, bytes: Buffer): ChatResponse | undefined {
  const frames = frameReader(from === "ollama" ? "ndjson" : "sse");
  const reader = clients[from].streamReader(target);
  const assembler = new Assembler();
  try {
    for (const frame of [...frames.push(bytes), ...frames.end()]) {
      for (const event of reader.read(frame)) assembler.add(event);
    }
    for (const event of reader.end()) assembler.add(event);
  } catch {
    return undefined;
  }
  return assembler.response;
}

const jsonOf = (response: ChatResponse) => toJson(ChatResponseSchema, response);

describe("a provider's stream, cut at any byte", () => {
  const streams = rows.filter(({ kind }) => kind === "stream");
  // Of these the whole stream is a failure already.
  const failing = new Set(["s-c-a-cut", "s-a-c-overloaded"]);
  test.each(streams.map((row) => [row.id, row] as const))("%s", (id, { from, input }) => {
    const bytes = bytesOf(from, input as unknown[]);
    const whole = assembled(from, bytes);
    expect(whole === undefined).toBe(failing.has(id));
    for (let end = 0; end < bytes.length; end += 1) {
      const cut = assembled(from, bytes.subarray(0, end));
      // Where it counts as whole nothing is missing but what comes after the response.
      if (cut === undefined) continue;
      expect(whole, `cut at ${end}`).toBeDefined();
      expect(cut.parts, `cut at ${end}`).toEqual(whole?.parts);
      expect(cut.stop, `cut at ${end}`).toEqual(whole?.stop);
    }
  });
});

describe("a whole response, streamed to a client and read again, says the same", () => {
  // Embeddings are no chat; and arguments that are no JSON are wrapped only where they are known to be whole.
  const others = new Set(["s-emb-base64", "s-c-a-badargs"]);
  const responses = rows.filter(({ kind, id }) => kind === "response" && !others.has(id));
  const dialects = ["openai-chat", "openai-responses", "anthropic", "gemini"] as const;
  const cases = responses.flatMap((row) => dialects.map((to) => [row.id, to, row] as const));
  test.each(cases)("%s as %s", (_id, to, { from, input }) => {
    const response = clients[from].readResponse(input, target);
    const facts = {
      request: create(ChatRequestSchema, { modelPreference: "m" }),
      createdSeconds: 1,
      nowSeconds: () => 1,
      responseId: "r1",
      includeUsage: true,
    };
    const copy = clients[from].readResponse(input, target);
    const writer = servers[to].streamWriter(facts);
    const reader = clients[to].streamReader(target);
    const assembler = new Assembler();
    const frames: Frame[] = [
      ...eventsOf(copy).flatMap((event) => writer.write(event)),
      ...writer.end(),
    ];
    for (const frame of frames) for (const event of reader.read(frame)) assembler.add(event);
    for (const event of reader.end()) assembler.add(event);
    const whole = clients[to].readResponse(servers[to].writeResponse(response, facts), target);
    const textsOf = ({ parts }: ChatResponse) =>
      parts.flatMap(({ content }) => (content.case === "text" ? [content.value.text] : []));
    const callsOf = ({ parts }: ChatResponse) =>
      parts.flatMap(({ content }) =>
        content.case === "toolCall" ? [[content.value.name, content.value.arguments || "{}"]] : [],
      );
    expect(textsOf(assembler.response).join("")).toEqual(textsOf(whole).join(""));
    expect(callsOf(assembler.response)).toEqual(callsOf(whole));
    expect(assembler.response.stop?.kind).toEqual(whole.stop?.kind);
    expect(assembler.response.usage).toEqual(whole.usage);
    expect(jsonOf(assembler.response)).toMatchObject({ modelUsed: response.modelUsed });
  });
});

test("a message of Anthropic that begins with its content, and ends there, is read whole", () => {
  const block = { type: "tool_use", id: "toolu_1", name: "roll", input: { player: 2 } };
  const message = { id: "msg_1", model: "m", content: [block], stop_reason: "tool_use", usage: {} };
  const frames = [{ type: "message_start", message }, { type: "message_stop" }];
  const wire = frames.map((frame) => `event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`);
  const response = assembled("anthropic", Buffer.from(wire.join("")));
  expect(response?.parts.map(({ content }) => content)).toMatchObject([
    { case: "toolCall", value: { id: "toolu_1", name: "roll", arguments: '{"player":2}' } },
  ]);
  expect(response?.stop?.kind).toBe(Stop_Kind.TOOL_CALLS);
});

test("a call with free text is an object with one text to a client of Anthropic, in any pieces", () => {
  const text = 'SELECT "a\\b" FROM t\n-- 😀';
  const facts = {
    request: create(ChatRequestSchema, { modelPreference: "m" }),
    createdSeconds: 1,
    nowSeconds: () => 1,
    responseId: "r1",
    includeUsage: true,
  };
  const call = partOf({
    case: "toolCall",
    value: create(ToolCallPartSchema, { id: "c1", name: "sql", freeForm: true }),
  });
  const writer = servers.anthropic.streamWriter(facts);
  const reader = clients.anthropic.streamReader(target);
  const assembler = new Assembler();
  const events = [
    eventOf({ case: "partStart", value: call }, 0),
    // A character of two units comes in two pieces.
    ...text.split("").map((value) => eventOf({ case: "argumentsDelta", value }, 0)),
    eventOf({ case: "partStop", value: {} }, 0),
  ];
  for (const frame of events.flatMap((event) => writer.write(event))) {
    for (const event of reader.read(frame)) assembler.add(event);
  }
  const content = assembler.response.parts[0]?.content;
  expect(content?.case === "toolCall" && JSON.parse(content.value.arguments)).toEqual({
    input: text,
  });
});

describe("what a provider's stream has side by side is held to its bound:", () => {
  /** The reason of what stops a stream of these frames; undefined where nothing does. */
  function stoppedBy(from: DialectName, frames: Iterable<unknown>): string | undefined {
    const reader = clients[from].streamReader(target);
    try {
      for (const frame of frames) reader.read({ data: JSON.stringify(frame) });
    } catch (thrown) {
      return reasonOf(faultFrom(thrown));
    }
    return undefined;
  }
  const range = <T>(count: number, item: (index: number) => T) =>
    Array.from({ length: count }, (_, index) => item(index));

  test("128 tools that one response calls", () => {
    const calling = (count: number) =>
      range(count, (index) => ({
        choices: [
          {
            index: 0,
            delta: {
              tool_calls: [{ index, id: `c${index}`, function: { name: "f", arguments: "{" } }],
            },
          },
        ],
      }));
    expect(stoppedBy("openai-chat", calling(128))).toBeUndefined();
    expect(stoppedBy("openai-chat", calling(129))).toBe("BACKEND_MALFORMED");
  });

  test.each<[DialectName, (index: number) => unknown]>([
    [
      "openai-responses",
      (index) => ({
        type: "response.output_item.added",
        output_index: index,
        item: { type: "function_call", call_id: "c", name: "f" },
      }),
    ],
    [
      "anthropic",
      (index) => ({
        type: "content_block_start",
        index,
        content_block: { type: "text", text: "" },
      }),
    ],
  ])("10,000 parts of one response of %s", (from, part) => {
    expect(stoppedBy(from, range(10_000, part))).toBeUndefined();
    expect(stoppedBy(from, range(10_001, part))).toBe("BACKEND_MALFORMED");
  });

  test("a place far beyond is no reason to fill up all before it", () => {
    const part = {
      type: "content_block_start",
      index: 2_000_000_000,
      content_block: { type: "text" },
    };
    expect(stoppedBy("anthropic", [part])).toBe("BACKEND_MALFORMED");
    for (const [from, frame] of [
      ["openai-chat", { choices: [{ index: 2_000_000_000, delta: { content: "x" } }] }],
      ["gemini", { candidates: [{ index: 2_000_000_000, content: { parts: [{ text: "x" }] } }] }],
    ] as const) {
      const reader = clients[from].streamReader(target);
      const choices = reader.read({ data: JSON.stringify(frame) }).map(({ choice }) => choice);
      expect(Math.max(...choices)).toBeLessThan(128);
    }
  });
});
