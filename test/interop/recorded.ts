/**
 * Recorded streams of vendors, through the relay byte for byte and through translation without loss:
 * `npm run recorded -- --from DIR`, where DIR holds the repository of the AI SDK
 * (its packages have folders `__fixtures__` with files `.chunks.txt`, one event a line). Without DIR it is
 * skipped; a DIR in which there is no stream is a failure.
 */

import { globSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { create } from "@bufbuild/protobuf";
import { Assembler } from "#chat/assemble.ts";
import type { ServerDialect } from "#dialects/dialect.ts";
import { clients, servers } from "#dialects/dialects.ts";
import { defaultModelFacts } from "#dialects/model-facts.ts";
import { inputOf } from "#dialects/openai-chat/response-writer.ts";
import { Relay } from "#dialects/relay/relay.ts";
import { RelayReader } from "#dialects/relay/stream.ts";
import { flatNameOf } from "#dialects/tool-names.ts";
import {
  type ChatRequest,
  ChatRequestSchema,
  type ChatResponse,
} from "#gen/polygate/v1/chat_pb.js";
import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

const target = { model: "m", facts: defaultModelFacts };

/** What a stream's first event says of its dialect; undefined for what is no chat. */
function dialectOf(first: Record<string, unknown>): ServerDialect | undefined {
  if (first.type === "message_start") return "anthropic";
  if (String(first.type).startsWith("response.")) return "openai-responses";
  if (Array.isArray(first.candidates)) return "gemini";
  return Array.isArray(first.choices) ? "openai-chat" : undefined;
}

/** Events with which a response begins: recordings of whole sessions hold several. */
const beginnings: ReadonlySet<unknown> = new Set(["message_start", "response.created"]);

/** The streams of a recording, one per response. */
function streamsIn(lines: readonly string[]): readonly (readonly string[])[] {
  const streams: string[][] = [];
  for (const line of lines) {
    if (streams.length === 0 || beginnings.has(JSON.parse(line).type)) streams.push([]);
    streams.at(-1)?.push(line);
  }
  return streams;
}

/** Whether a recorded stream tells of a failure, or has no end. */
function isBroken(dialect: ServerDialect, lines: readonly string[]): boolean {
  const types = lines.map((line) => (JSON.parse(line) as { type?: string }).type);
  if (types.includes("error") || types.includes("response.failed")) return true;
  return dialect === "anthropic" && !types.includes("message_stop");
}

/** The wire of a recording, with the last word where its dialect has one. */
function wireOf(dialect: ServerDialect, lines: readonly string[]): Buffer {
  const frames = lines.map((line) => {
    const { type } = JSON.parse(line) as { type?: string };
    return type === undefined ? `data: ${line}\n\n` : `event: ${type}\ndata: ${line}\n\n`;
  });
  if (dialect === "openai-chat" && lines.at(-1) !== "[DONE]") frames.push("data: [DONE]\n\n");
  return Buffer.from(frames.join(""));
}

interface Read {
  readonly events: readonly ChatEvent[];
  /** What the relay would send. */
  readonly relayed: Buffer;
  readonly failure: unknown;
}

function read(dialect: ServerDialect, wire: Buffer): Read {
  const facts = { dialect, body: Buffer.from("{}"), headers: {}, query: "", hidesUsage: false };
  const relay = new Relay(facts);
  const reader = new RelayReader(relay, clients[dialect].streamReader(target));
  const events: ChatEvent[] = [];
  let failure: unknown;
  try {
    for (const batch of reader.push(wire)) events.push(...batch);
    events.push(...reader.end());
  } catch (thrown) {
    failure = thrown;
  }
  const words = events.map((event) => relay.wordsOf(event)?.bytes ?? Buffer.alloc(0));
  return { events, relayed: Buffer.concat(words), failure };
}

function gathered(events: readonly ChatEvent[]): ChatResponse {
  const assembler = new Assembler();
  for (const event of events) assembler.add(structuredClone(event));
  return assembler.response;
}

/** What must not get lost: texts, thoughts, calls, and why it stopped. */
function contentOf({ parts, stop, usage }: ChatResponse): string {
  const texts = { text: "", thoughts: "" };
  const calls: unknown[] = [];
  for (const { content } of parts) {
    if (content.case === "text") texts.text += content.value.text;
    if (content.case === "thinking") texts.thoughts += content.value.text;
    if (content.case === "toolCall") {
      const { arguments: args, freeForm } = content.value;
      // A free-form tool that the client did not offer is one with a text, and a namespace a part of the name.
      const value = freeForm ? { input: inputOf(args) } : JSON.parse(args === "" ? "{}" : args);
      calls.push([flatNameOf(content.value), value]);
    }
  }
  const tokens = [usage?.promptTokens, usage?.completionTokens];
  return JSON.stringify({ ...texts, calls, stop: calls.length > 0 ? "calls" : stop?.kind, tokens });
}

/** The stream as a client of another dialect would read it. */
function translated(events: readonly ChatEvent[], to: ServerDialect): string {
  const request: ChatRequest = create(ChatRequestSchema, { modelPreference: "m", stream: true });
  const facts = {
    request,
    createdSeconds: 1,
    nowSeconds: () => 1,
    responseId: "r1",
    includeUsage: true,
  };
  const writer = servers[to].streamWriter(facts);
  const frames = [
    ...events.flatMap((event) => writer.write(structuredClone(event))),
    ...writer.end(),
  ];
  const reader = clients[to].streamReader(target);
  const back = [...frames.flatMap((frame) => reader.read(frame)), ...reader.end()];
  return contentOf(gathered(back));
}

const { values } = parseArgs({ options: { from: { type: "string" } } });
if (values.from === undefined) {
  console.log(
    "skipped: recordings are not part of this repository, and --from names no folder that has them",
  );
  process.exit(0);
}
const pattern = "packages/*/src/**/__fixtures__/*.chunks.txt";
const paths = globSync(`${values.from}/${pattern}`).sort();
const counts = { streams: 0, relayed: 0, broken: 0, translations: 0, whole: 0, others: 0 };
const failures: string[] = [];

for (const path of paths) {
  const lines = readFileSync(path, "utf8").trim().split("\n");
  const dialect = lines.every(isJson) ? dialectOf(JSON.parse(lines[0] ?? "{}")) : undefined;
  if (dialect === undefined) {
    counts.others += 1;
    continue;
  }
  for (const stream of streamsIn(lines)) tryStream(basename(path), dialect, stream);
}

function tryStream(name: string, dialect: ServerDialect, lines: readonly string[]): void {
  counts.streams += 1;
  const wire = wireOf(dialect, lines);
  const { events, relayed, failure } = read(dialect, wire);
  if (isBroken(dialect, lines)) {
    // Its words are a beginning of the recording, and it never ends well.
    const isTold = failure !== undefined && wire.subarray(0, relayed.length).equals(relayed);
    if (isTold) counts.broken += 1;
    else failures.push(`${name}: a broken stream was taken for a whole one`);
    return;
  }
  if (relayed.equals(wire) && failure === undefined) counts.relayed += 1;
  else failures.push(`${name}: relayed ${relayed.length} of ${wire.length} B, ${failure}`);
  if (failure !== undefined) return;
  const expected = contentOf(gathered(events));
  for (const to of Object.keys(servers) as ServerDialect[]) {
    if (to === dialect) continue;
    counts.translations += 1;
    const told = attempt(() => translated(events, to));
    if (told === expected) counts.whole += 1;
    else failures.push(`${name} → ${to}:\n  ${expected.slice(-300)}\n  ${told.slice(-300)}`);
  }
}

function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

function attempt(action: () => string): string {
  try {
    return action();
  } catch (thrown) {
    return String(thrown);
  }
}

if (counts.streams === 0) {
  failures.push(`no stream was tried: ${values.from} has ${paths.length} files ${pattern}`);
}
for (const failure of failures) console.log(failure);
console.log(
  `${counts.streams} streams, ${counts.relayed} relayed byte for byte, ${counts.broken} broken ones told so; ${counts.whole} of ${counts.translations} translations whole; ${counts.others} recordings of other APIs`,
);
console.log(`${counts.relayed + counts.broken + counts.whole} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 ? 0 : 1;
