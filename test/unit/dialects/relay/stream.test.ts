/** Streams are relayed byte for byte, cut at any byte; what breaks off never gets an end. */

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { DialectName, ServerDialect } from "#dialects/dialect.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import { Relay } from "#dialects/relay/relay.ts";
import { RelayReader } from "#dialects/relay/stream.ts";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

const target = { model: "m", facts: defaultModelFacts };

interface Row {
  readonly id: string;
  readonly kind: string;
  readonly from: DialectName;
  readonly input: unknown[];
}

/** Streams that were written down, and how each dialect names its events on the wire. */
const rows = readFileSync("test/fixtures/llm-translate.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line): Row => JSON.parse(line))
  .filter((row) => row.kind === "stream" && row.from in servers);

function bytesOf(from: DialectName, frames: readonly unknown[]): Buffer {
  const texts = frames.map((frame) => {
    const data = typeof frame === "string" ? frame : JSON.stringify(frame);
    const { type } = frame as { type?: string };
    return type === undefined ? `data: ${data}\n\n` : `event: ${type}\ndata: ${data}\n\n`;
  });
  // Comments and frames of tomorrow belong to it as well.
  texts.splice(1, 0, ": a comment\r\n\r\n");
  if (from === "anthropic") texts.splice(2, 0, 'event: tomorrow\ndata: {"type":"tomorrow"}\n\n');
  return Buffer.from(texts.join(""));
}

interface Relayed {
  readonly text: string;
  readonly events: readonly ChatEvent[];
  readonly failure: unknown;
  /** The last words tell of the failure. */
  readonly isFailureTold: boolean;
}

function relayed(
  dialect: ServerDialect,
  chunks: readonly Buffer[],
  { hidesUsage = false, readsText = false } = {},
): Relayed {
  const body = Buffer.from("{}");
  const relay = new Relay({ dialect, body, headers: {}, query: "", hidesUsage }, readsText);
  const reader = new RelayReader(relay, clients[dialect].streamReader(target));
  const events: ChatEvent[] = [];
  let failure: unknown;
  try {
    for (const chunk of chunks) for (const batch of reader.push(chunk)) events.push(...batch);
    events.push(...reader.end());
  } catch (thrown) {
    failure = thrown;
  }
  const words = events.map((event) => relay.wordsOf(event));
  return {
    text: Buffer.concat(words.map((said) => said?.bytes ?? Buffer.alloc(0))).toString(),
    events,
    failure,
    isFailureTold: words.at(-1)?.isFailure === true,
  };
}

describe.each(rows.map((row) => [row.id, row] as const))("%s", (_id, { from, input }) => {
  const dialect = from as ServerDialect;
  const bytes = bytesOf(from, input);
  const whole = relayed(dialect, [bytes]);

  test("comes out as it went in, in whichever two chunks", () => {
    for (let at = 0; at <= bytes.length; at += 1) {
      const halves = relayed(dialect, [bytes.subarray(0, at), bytes.subarray(at)]);
      expect(halves.text, `cut at ${at}`).toBe(whole.text);
    }
    if (whole.failure === undefined) expect(whole.text).toBe(bytes.toString());
  });

  test("is the same, and counts the same, whether or not its text is read", () => {
    const read = relayed(dialect, [bytes], { readsText: true });
    expect(read.text).toBe(whole.text);
    const factsOf = ({ events, failure }: Relayed) => [
      failure,
      ...events.filter(({ event }) => ["start", "usage", "stop"].includes(event.case ?? "")),
    ];
    expect(factsOf(whole)).toEqual(factsOf(read));
  });

  test("broken off at any byte it is a beginning of itself, in whole events, and has failed unless all was said", () => {
    for (let end = 0; end < bytes.length; end += 1) {
      const cut = relayed(dialect, [bytes.subarray(0, end)]);
      expect(bytes.toString().startsWith(cut.text), `cut at ${end}`).toBe(true);
      if (cut.failure === undefined) {
        expect(cut.events.some(({ event }) => event.case === "stop")).toBe(true);
      } else if (cut.text !== "") {
        expect(/(\r\n|\n|\r){2}$/.test(cut.text), `cut at ${end}`).toBe(true);
      }
    }
  });
});

const chunk = (delta: unknown, more = {}) =>
  `data: ${JSON.stringify({ id: "c", model: "m", choices: [{ index: 0, delta, ...more }] })}\n\n`;
const usage = `data: ${JSON.stringify({ id: "c", choices: [], usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 } })}\n\n`;

test("the frame of usage that nobody asked for is read and not shown; with content beside it, it is", () => {
  const before = chunk({ content: "a" }) + chunk({}, { finish_reason: "stop" });
  const stream = Buffer.from(`${before + usage}data: [DONE]\n\n`);
  const hidden = relayed("openai-chat", [stream], { hidesUsage: true });
  expect(hidden.text).toBe(`${before}data: [DONE]\n\n`);
  expect(hidden.events.some(({ event }) => event.case === "usage")).toBe(true);
  expect(relayed("openai-chat", [stream]).text).toBe(stream.toString());
  const beside = Buffer.from(
    `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: "a" }, finish_reason: "stop" }], usage: { total_tokens: 3 } })}\n\n`,
  );
  expect(relayed("openai-chat", [beside], { hidesUsage: true }).text).toBe(beside.toString());
});

test("nothing comes before the first content, so that an error there may be mended elsewhere", () => {
  const start = Buffer.from(`: hello\n\n${chunk({ role: "assistant", content: "" })}`);
  const error = Buffer.from('data: {"error":{"message":"Overloaded","code":503}}\n\n');
  const failed = relayed("openai-chat", [start, error]);
  expect(failed.events).toEqual([]);
  expect(failed.failure).toBeDefined();
});

test("what the gateway does not know yet is content: the provider has begun to work", () => {
  const frame = (type: string) => `event: ${type}\ndata: {"type":"${type}"}\n\n`;
  const quiet = relayed("openai-responses", [
    Buffer.from(frame("response.created") + frame("keepalive")),
  ]);
  expect(quiet.text).toBe("");
  const searching = frame("response.created") + frame("response.web_search_call.searching");
  expect(relayed("openai-responses", [Buffer.from(searching)]).text).toBe(searching);
});

test("what is held before the first content has a bound, in frames and in bytes", () => {
  const ping = 'event: ping\ndata: {"type":"ping"}\n\n';
  expect(relayed("anthropic", [Buffer.from(ping.repeat(63))]).text).toBe("");
  expect(relayed("anthropic", [Buffer.from(ping.repeat(64))]).text).toBe(ping.repeat(64));
  const long = `: ${"x".repeat(2_100_000)}\n\n`;
  expect(relayed("anthropic", [Buffer.from(long)]).text).toBe("");
  expect(relayed("anthropic", [Buffer.from(long + long)]).text).toBe(long + long);
});

test("an error behind content is told in the provider's own words, unless it is about the gateway's account", () => {
  const content = chunk({ content: "a" });
  const error = (code: string, status: number) =>
    `data: ${JSON.stringify({ error: { message: "sorry", code, status, type: code } })}\n\n`;
  const overloaded = relayed("openai-chat", [Buffer.from(content + error("overloaded", 503))]);
  expect(overloaded.text).toBe(content + error("overloaded", 503));
  expect(overloaded.isFailureTold).toBe(true);
  const quota = relayed("openai-chat", [Buffer.from(content + error("insufficient_quota", 429))]);
  expect(reasonOf(faultFrom(quota.failure))).toBe("BACKEND_QUOTA");
  expect(quota.text).toBe(content);
  const garbage = relayed("openai-chat", [Buffer.from(`${content}data: {no json\n\n`)]);
  expect(reasonOf(faultFrom(garbage.failure))).toBe("BACKEND_MALFORMED");
  expect(garbage.text).toBe(content);
});
