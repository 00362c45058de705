/** Translations between dialects, made elsewhere: each passes through the canonical chat. */

import { readFileSync } from "node:fs";
import Anthropic from "@anthropic-ai/sdk";
import { create } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import OpenAI from "openai";
import { describe, expect, test } from "vitest";
import { embedClients } from "#dialects/abilities.ts";
import type { DialectName, Frame, ResponseFacts, Target, WrittenError } from "#dialects/dialect.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { defaultModelFacts, type ModelFacts } from "#dialects/model-facts.ts";
import { openaiEmbedServer } from "#dialects/openai-chat/embed-server.ts";
import { ChatRequestSchema } from "#gen/polygate/v1/chat_pb.js";
import { mismatch } from "../../support/match.ts";

interface Row {
  readonly id: string;
  readonly kind: "request" | "response" | "stream" | "error";
  readonly from: DialectName;
  readonly to: DialectName;
  readonly given?: {
    readonly model?: Record<string, unknown>;
    readonly request?: Record<string, unknown>;
    readonly profile?: string;
  };
  readonly reports?: readonly string[];
  readonly input: unknown;
  readonly expect: Record<string, unknown>;
  readonly note: string;
}

const rows: Row[] = readFileSync("test/fixtures/llm-translate.jsonl", "utf8")
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

const factNames: Readonly<Record<string, keyof ModelFacts>> = {
  sampling: "sampling",
  mid_system: "midSystem",
  prefill: "prefill",
  forced_tools: "forcedTools",
  structured_outputs: "structuredOutputs",
  thinking: "thinking",
  efforts: "efforts",
  system_position: "systemPosition",
  max_output_tokens: "outputTokensMax",
  thought_signatures: "thoughtSignatures",
};

function serverOf(name: DialectName) {
  if (name === "ollama") throw new Error("no client speaks Ollama's dialect here");
  return servers[name];
}

function targetOf({ given }: Row): Target {
  const facts: Record<string, unknown> = { ...defaultModelFacts };
  for (const [name, value] of Object.entries(given?.model ?? {}))
    facts[factNames[name] ?? name] = value;
  return {
    model: "m",
    facts: facts as unknown as ModelFacts,
    ...(given?.profile === undefined ? {} : { profile: given.profile }),
  };
}

/** What the client had asked for, with what its surface wants to know of it. */
function factsOf(row: Row): ResponseFacts {
  const asked = row.given?.request;
  const minimal =
    row.to === "openai-responses"
      ? { model: "m", input: "x" }
      : { model: "m", max_tokens: 9, messages: [{ role: "user", content: "x" }] };
  const request =
    row.to === "ollama" || row.to === "gemini"
      ? create(ChatRequestSchema)
      : serverOf(row.to).readRequest({ ...minimal, ...asked }).request;
  const options = asked?.stream_options as { include_usage?: boolean } | undefined;
  return {
    request,
    createdSeconds: 1_790_000_000,
    nowSeconds: () => 1_790_000_000,
    responseId: "resp_0",
    includeUsage: options?.include_usage === true,
  };
}

function caught(work: () => unknown): ConnectError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof ConnectError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

function written(error: WrittenError) {
  return { status: error.status, headers: Object.fromEntries(error.headers), body: error.body };
}

/** The frames of a provider as it would send them. */
function framesOf(input: readonly unknown[]): Frame[] {
  return input.map((frame) => ({
    data: typeof frame === "string" ? frame : JSON.stringify(frame),
  }));
}

/** What a client gets of a provider's stream. */
function translated(row: Row, input: readonly unknown[]): Frame[] {
  const reader = clients[row.from].streamReader(targetOf(row));
  const writer = serverOf(row.to).streamWriter(factsOf(row));
  const out: Frame[] = [];
  try {
    for (const frame of framesOf(input)) {
      for (const event of reader.read(frame)) out.push(...writer.write(event));
    }
    for (const event of reader.end()) out.push(...writer.write(event));
    out.push(...writer.end());
  } catch (thrown) {
    if (!(thrown instanceof ConnectError)) throw thrown;
    out.push(...writer.fail(thrown));
  }
  return out;
}

/** A client's own fetch, answered with the frames. */
function answering(frames: readonly Frame[]): typeof fetch {
  const text = frames
    .map(({ event, data }) => `${event === undefined ? "" : `event: ${event}\n`}data: ${data}\n\n`)
    .join("");
  return async () => new Response(text, { headers: { "content-type": "text/event-stream" } });
}

/** What the vendor's own SDK puts together from a stream. */
function assembled(to: DialectName, frames: readonly Frame[]): Promise<unknown> {
  const fetch = answering(frames);
  const messages = [{ role: "user" as const, content: "x" }];
  switch (to) {
    case "openai-chat": {
      const openai = new OpenAI({ apiKey: "k", baseURL: "http://stub/v1", fetch, maxRetries: 0 });
      const options = { include_usage: true };
      return openai.chat.completions
        .stream({ model: "m", messages, stream_options: options })
        .finalChatCompletion();
    }
    case "openai-responses": {
      const openai = new OpenAI({ apiKey: "k", baseURL: "http://stub/v1", fetch, maxRetries: 0 });
      return openai.responses.stream({ model: "m", input: "x" }).finalResponse();
    }
    case "anthropic": {
      const anthropic = new Anthropic({
        apiKey: "k",
        baseURL: "http://stub",
        fetch,
        maxRetries: 0,
      });
      return anthropic.messages.stream({ model: "m", max_tokens: 9, messages }).finalMessage();
    }
    default:
      throw new Error(`${to} is no dialect of a client here`);
  }
}

function parsed({ data }: Frame): unknown {
  return data === "[DONE]" ? data : JSON.parse(data);
}

const ofKind = (kind: Row["kind"]) =>
  rows.filter((row) => row.kind === kind).map((row) => [`${row.id}: ${row.note}`, row] as const);

describe("requests", () => {
  test.each(ofKind("request"))("%s", (_name, row) => {
    if (row.from === row.to) {
      // A relay replaces nothing that it does not know.
      expect(mismatch(row.input, row.expect)).toBeUndefined();
      return;
    }
    const { request, unknown } = serverOf(row.from).readRequest(row.input);
    const { body, dropped } = clients[row.to].writeRequest(request, targetOf(row));
    expect(mismatch(body, row.expect)).toBeUndefined();
    expect([...unknown, ...dropped]).toEqual(expect.arrayContaining([...(row.reports ?? [])]));
  });
});

/** What a client of OpenAI's gets of a provider's response with vectors. */
function translatedVectors({ from, given, input }: Row): unknown {
  const reading = embedClients[from]?.read(input, 1);
  if (reading === undefined) throw new Error(`${from} has no vectors`);
  let read = reading.next();
  while (read.done !== true) read = reading.next();
  const response = read.value;
  const asked = openaiEmbedServer.read(given?.request);
  return JSON.parse([...openaiEmbedServer.write(response, asked)].join(""));
}

function translatedResponse(row: Row): unknown {
  const response = clients[row.from].readResponse(row.input, targetOf(row));
  return serverOf(row.to).writeResponse(response, factsOf(row));
}

describe("responses", () => {
  test.each(ofKind("response"))("%s", (_name, row) => {
    const hasVectors = "encoding_format" in (row.given?.request ?? {});
    const body = hasVectors ? translatedVectors(row) : translatedResponse(row);
    expect(mismatch(body, row.expect)).toBeUndefined();
  });
});

describe("errors", () => {
  test.each(ofKind("error"))("%s", (_name, row) => {
    const input = row.input as {
      request?: unknown;
      response?: { status: number; headers?: Record<string, string>; body: unknown };
    };
    if (input.response === undefined) {
      const error = caught(() => {
        const { request } = serverOf(row.from).readRequest(input.request);
        clients[row.to].writeRequest(request, targetOf(row));
      });
      const body = written(serverOf(row.from).writeError(error, "req_1"));
      expect(mismatch(body, row.expect)).toBeUndefined();
      return;
    }
    const { status, headers = {}, body } = input.response;
    const error =
      status === 200
        ? caught(() => clients[row.from].readResponse(body, targetOf(row)))
        : clients[row.from].readError({ status, headers, body });
    expect(
      mismatch(written(serverOf(row.to).writeError(error, "req_1")), row.expect),
    ).toBeUndefined();
  });
});

describe("streams", () => {
  test.each(ofKind("stream"))("%s", async (_name, row) => {
    const frames = translated(row, row.input as unknown[]);
    const bodies = frames.map(parsed);
    const {
      final,
      order,
      last,
      never = [],
      some = [],
    } = row.expect as {
      final?: unknown;
      order?: string[];
      last?: unknown;
      never?: unknown[];
      some?: unknown[];
    };
    if (last !== undefined) expect(mismatch(bodies.at(-1), last)).toBeUndefined();
    for (const pattern of never) {
      expect(bodies.filter((body) => mismatch(body, pattern) === undefined)).toEqual([]);
    }
    for (const pattern of some) {
      expect(bodies.some((body) => mismatch(body, pattern) === undefined)).toBe(true);
    }
    if (order !== undefined) {
      const types = bodies.map((body) => (body as { type: string }).type);
      expect(types.filter((type, index) => type !== types[index - 1])).toEqual(order);
    }
    if (final !== undefined)
      expect(mismatch(await assembled(row.to, frames), final)).toBeUndefined();
  });

  test.each(ofKind("stream"))("%s, cut after any frame: never an invented end", (_name, row) => {
    const input = row.input as unknown[];
    const whole = translated(row, input);
    for (let count = 0; count < input.length - 2; count += 1) {
      const frames = translated(row, input.slice(0, count));
      const wholeEnd = whole.at(-1)?.data;
      const hasFailed = frames.at(-1)?.data !== wholeEnd || wholeEnd === undefined;
      const isWhole = frames.length >= whole.length - 1;
      expect(hasFailed || isWhole, `after ${count} frames`).toBe(true);
    }
  });
});
