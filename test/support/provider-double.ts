/** A provider on a real port that speaks a vendor's wire, well or with faults, and counts what it sees. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { DialectName } from "#dialects/dialect.ts";
import { type DoubleResponse, otherThanChat } from "./embedding-double.ts";
import { type OperationsDouble, operationsDouble } from "./operations-double.ts";
import type { ProviderFault } from "./provider-fault.ts";

/** A request that the double received. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: Record<string, unknown>;
  /** The body as it came. */
  readonly bytes: Buffer;
  /** When its client left before the end, in milliseconds of performance.now. */
  abortedAtMs?: number;
}

/** What the double answers with. */
export interface Script {
  /** Identifier of a whole response of OpenAI's chat; all have one when absent. */
  readonly id?: string;
  readonly text: string;
  /** What it thinks first, and the state that it wants back where its dialect has one. */
  readonly thinking?: { readonly text: string; readonly state: string };
  readonly toolCall?: { readonly id: string; readonly name: string; readonly arguments: string };
}

/** A provider double. Disposing of it cuts its connections off. */
export interface ProviderDouble extends AsyncDisposable {
  readonly url: string;
  readonly received: ReceivedRequest[];
  /** The next calls meet these, in order; then all goes well. */
  readonly faults: ProviderFault[];
  /** What all other calls meet, until it is taken away; or what one meets, by its body. */
  illness: ProviderFault | ((body: Record<string, unknown>) => ProviderFault) | undefined;
  /** How long it thinks before it answers, in milliseconds. */
  delayMs: number;
  /** Cuts all connections off and takes no new one; `up` takes them again, at the same address. */
  down(): Promise<void>;
  up(): Promise<void>;
  script: Script;
  /** What calls are answered with by their bodies, in place of `script`. */
  scriptFor?: (body: ReceivedRequest["body"]) => Script;
  /** The next calls are answered with these, in order; then all with `script`. */
  readonly scripts: Script[];
  /** Its list of models, in place of the one of its single model. */
  list?: unknown;
  /** Answers what is asked for beside chat; vectors and counts as each vendor's API has them. */
  other(
    dialect: DialectName,
    path: string,
    body: ReceivedRequest["body"],
  ): DoubleResponse | undefined;
  /** What is asked for beside chat where OpenAI's API is spoken. */
  readonly operations: OperationsDouble;
  /** Calls that are open now. */
  open(): number;
  /** Calls whose client left before their end, and when, in milliseconds of performance.now. */
  readonly abortedAtMs: number[];
}

/** Two deltas, so that streams have a middle. */
function halves(text: string): [string, string] {
  const middle = Math.ceil(text.length / 2);
  return [text.slice(0, middle), text.slice(middle)];
}

const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 };

function chatFrames({ text, thinking, toolCall }: Script): unknown[] {
  const chunk = (delta: unknown, finish: string | null = null) => ({
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "double",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const call =
    toolCall === undefined
      ? []
      : [
          chunk({
            tool_calls: [
              {
                index: 0,
                id: toolCall.id,
                type: "function",
                function: { name: toolCall.name, arguments: toolCall.arguments },
              },
            ],
          }),
        ];
  return [
    chunk({ role: "assistant", content: "" }),
    ...(thinking === undefined ? [] : [chunk({ reasoning_content: thinking.text })]),
    ...halves(text).map((content) => chunk({ content })),
    ...call,
    chunk({}, toolCall === undefined ? "stop" : "tool_calls"),
    { ...chunk({}), choices: [], usage },
    "[DONE]",
  ];
}

function chatBody({ id = "chatcmpl-1", text, thinking, toolCall }: Script): unknown {
  const thoughts = thinking === undefined ? {} : { reasoning_content: thinking.text };
  const calls =
    toolCall === undefined
      ? {}
      : {
          tool_calls: [
            {
              id: toolCall.id,
              type: "function",
              function: { name: toolCall.name, arguments: toolCall.arguments },
            },
          ],
        };
  return {
    id,
    object: "chat.completion",
    created: 1,
    model: "double",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: text, ...thoughts, ...calls },
        finish_reason: toolCall === undefined ? "stop" : "tool_calls",
      },
    ],
    usage,
  };
}

function anthropicBlocks({ text, thinking, toolCall }: Script): Record<string, unknown>[] {
  const thoughts =
    thinking === undefined
      ? []
      : [{ type: "thinking", thinking: thinking.text, signature: thinking.state }];
  const words = { type: "text", text };
  if (toolCall === undefined) return [...thoughts, words];
  const { id, name } = toolCall;
  return [
    ...thoughts,
    words,
    { type: "tool_use", id, name, input: JSON.parse(toolCall.arguments) },
  ];
}

function anthropicBody(script: Script): Record<string, unknown> {
  return {
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "double",
    content: anthropicBlocks(script),
    stop_reason: script.toolCall === undefined ? "end_turn" : "tool_use",
    stop_sequence: null,
    usage: { input_tokens: 3, output_tokens: 5 },
  };
}

/** How a block is told in pieces. */
function anthropicBlockStream(
  block: Record<string, unknown>,
  { text, thinking, toolCall }: Script,
): { begun: unknown; deltas: readonly unknown[] } {
  switch (block.type) {
    case "text":
      return {
        begun: { type: "text", text: "" },
        deltas: halves(text).map((half) => ({ type: "text_delta", text: half })),
      };
    case "thinking":
      return {
        begun: { type: "thinking", thinking: "", signature: "" },
        deltas: [
          { type: "thinking_delta", thinking: thinking?.text },
          { type: "signature_delta", signature: thinking?.state },
        ],
      };
    default:
      return {
        begun: { ...block, input: {} },
        deltas: [{ type: "input_json_delta", partial_json: toolCall?.arguments }],
      };
  }
}

function anthropicFrames(script: Script): unknown[] {
  const blocks = anthropicBlocks(script).flatMap((block, index) => {
    const { begun, deltas } = anthropicBlockStream(block, script);
    return [
      { type: "content_block_start", index, content_block: begun },
      ...deltas.map((delta) => ({ type: "content_block_delta", index, delta })),
      { type: "content_block_stop", index },
    ];
  });
  const message = { ...anthropicBody(script), content: [], stop_reason: null };
  const reason = script.toolCall === undefined ? "end_turn" : "tool_use";
  return [
    { type: "message_start", message },
    { type: "ping" },
    ...blocks,
    {
      type: "message_delta",
      delta: { stop_reason: reason, stop_sequence: null },
      usage: { output_tokens: 5 },
    },
    { type: "message_stop" },
  ];
}

function geminiParts({ text, thinking, toolCall }: Script): unknown[] {
  const thoughts = thinking === undefined ? [] : [{ text: thinking.text, thought: true }];
  const state = thinking === undefined ? {} : { thoughtSignature: thinking.state };
  const words = halves(text).map((half) => ({ text: half }));
  if (toolCall === undefined) return [...thoughts, ...words];
  const functionCall = { name: toolCall.name, args: JSON.parse(toolCall.arguments) };
  return [...thoughts, ...words, { functionCall, ...state }];
}

const geminiUsage = { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 };

function geminiBody(script: Script): unknown {
  return {
    candidates: [
      { content: { role: "model", parts: geminiParts(script) }, finishReason: "STOP", index: 0 },
    ],
    usageMetadata: geminiUsage,
    modelVersion: "double",
    responseId: "r1",
  };
}

function geminiFrames(script: Script): unknown[] {
  const frame = (parts: unknown[], more = {}) => ({
    candidates: [{ content: { role: "model", parts }, index: 0, ...more }],
    modelVersion: "double",
    responseId: "r1",
  });
  const parts = geminiParts(script);
  const last = { ...frame([{ text: "" }], { finishReason: "STOP" }), usageMetadata: geminiUsage };
  return [...parts.map((part) => frame([part])), last];
}

function ollamaLine(message: unknown, more = {}): unknown {
  return { model: "double", created_at: "2026-11-28T00:00:00Z", message, done: false, ...more };
}

const ollamaEnd = { done: true, done_reason: "stop", prompt_eval_count: 3, eval_count: 5 };

function ollamaCalls({ toolCall }: Script): unknown {
  if (toolCall === undefined) return {};
  const called = { name: toolCall.name, arguments: JSON.parse(toolCall.arguments) };
  return { tool_calls: [{ function: called }] };
}

function ollamaFrames(script: Script): unknown[] {
  const [first, second] = halves(script.text);
  const { thinking } = script;
  return [
    ...(thinking === undefined
      ? []
      : [ollamaLine({ role: "assistant", content: "", thinking: thinking.text })]),
    ollamaLine({ role: "assistant", content: first }),
    ollamaLine({ role: "assistant", content: second }),
    ...(script.toolCall === undefined
      ? []
      : [ollamaLine({ role: "assistant", content: "", ...(ollamaCalls(script) as object) })]),
    ollamaLine({ role: "assistant", content: "" }, ollamaEnd),
  ];
}

function ollamaBody(script: Script): unknown {
  const thoughts = script.thinking === undefined ? {} : { thinking: script.thinking.text };
  const calls = ollamaCalls(script) as object;
  const message = { role: "assistant", content: script.text, ...thoughts, ...calls };
  return ollamaLine(message, ollamaEnd);
}

function responseItems({ text, thinking, toolCall }: Script): Record<string, unknown>[] {
  const thoughts = thinking === undefined ? [] : [reasoningItem(thinking)];
  const content = [{ type: "output_text", text, annotations: [] }];
  const message = { type: "message", id: "m1", role: "assistant", status: "completed", content };
  if (toolCall === undefined) return [...thoughts, message];
  const { id, name } = toolCall;
  const call = {
    type: "function_call",
    id: "fc1",
    call_id: id,
    name,
    arguments: toolCall.arguments,
    status: "completed",
  };
  return [...thoughts, message, call];
}

function reasoningItem({ text, state }: { text: string; state: string }): Record<string, unknown> {
  const summary = [{ type: "summary_text", text }];
  return { type: "reasoning", id: "rs1", summary, encrypted_content: state };
}

function responsesBody(script: Script): Record<string, unknown> {
  return {
    id: "resp_1",
    object: "response",
    created_at: 1,
    completed_at: 2,
    status: "completed",
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    max_output_tokens: null,
    max_tool_calls: null,
    metadata: {},
    model: "double",
    output: responseItems(script),
    parallel_tool_calls: true,
    previous_response_id: null,
    prompt_cache_key: null,
    reasoning: { effort: null, summary: null },
    safety_identifier: null,
    service_tier: "default",
    store: true,
    temperature: 1,
    presence_penalty: 0,
    frequency_penalty: 0,
    top_logprobs: 0,
    text: { format: { type: "text" } },
    tool_choice: "auto",
    tools: [],
    top_p: 1,
    truncation: "disabled",
    usage: {
      input_tokens: 3,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 5,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 8,
    },
  };
}

function responsesFrames(script: Script): unknown[] {
  const frames: Record<string, unknown>[] = [
    {
      type: "response.created",
      response: {
        ...responsesBody(script),
        status: "in_progress",
        completed_at: null,
        output: [],
        usage: null,
      },
    },
  ];
  for (const [index, item] of responseItems(script).entries()) {
    const at = { output_index: index, item_id: item.id };
    const isMessage = item.type === "message";
    const isReasoning = item.type === "reasoning";
    frames.push({
      type: "response.output_item.added",
      output_index: index,
      item: isReasoning ? { ...item, summary: [] } : { ...item, content: [], arguments: "" },
    });
    if (isReasoning) {
      const place = { ...at, summary_index: 0 };
      const text = script.thinking?.text;
      const part = { type: "summary_text", text };
      frames.push(
        { type: "response.reasoning_summary_part.added", ...place, part: { ...part, text: "" } },
        { type: "response.reasoning_summary_text.delta", ...place, delta: text },
        { type: "response.reasoning_summary_text.done", ...place, text },
        { type: "response.reasoning_summary_part.done", ...place, part },
      );
    } else if (isMessage) {
      frames.push({
        type: "response.content_part.added",
        ...at,
        content_index: 0,
        part: { type: "output_text", text: "", annotations: [] },
      });
      for (const delta of halves(script.text))
        frames.push({ type: "response.output_text.delta", ...at, content_index: 0, delta });
      const part = { type: "output_text", text: script.text, annotations: [] };
      frames.push(
        { type: "response.output_text.done", ...at, content_index: 0, text: script.text },
        { type: "response.content_part.done", ...at, content_index: 0, part },
      );
    } else {
      const args = script.toolCall?.arguments;
      frames.push(
        { type: "response.function_call_arguments.delta", ...at, delta: args },
        { type: "response.function_call_arguments.done", ...at, arguments: args },
      );
    }
    frames.push({ type: "response.output_item.done", output_index: index, item });
  }
  frames.push({ type: "response.completed", response: responsesBody(script) });
  return frames.map((frame, index) => ({ ...frame, sequence_number: index }));
}

const scripts: Readonly<
  Record<DialectName, { frames(script: Script): unknown[]; body(script: Script): unknown }>
> = {
  "openai-chat": { frames: chatFrames, body: chatBody },
  "openai-responses": { frames: responsesFrames, body: responsesBody },
  anthropic: { frames: anthropicFrames, body: anthropicBody },
  gemini: { frames: geminiFrames, body: geminiBody },
  ollama: { frames: ollamaFrames, body: ollamaBody },
};

const errorFrames: Readonly<Record<DialectName, unknown>> = {
  "openai-chat": { error: { message: "Overloaded", type: "server_error", code: "overloaded" } },
  "openai-responses": { type: "error", code: "overloaded", message: "Overloaded" },
  anthropic: { type: "error", error: { type: "overloaded_error", message: "Overloaded" } },
  gemini: { error: { code: 503, message: "Overloaded", status: "UNAVAILABLE" } },
  ollama: { error: "Overloaded" },
};

const modelLists: Readonly<Record<DialectName, unknown>> = {
  "openai-chat": { object: "list", data: [{ id: "double", object: "model" }] },
  "openai-responses": { object: "list", data: [{ id: "double", object: "model" }] },
  anthropic: { data: [{ type: "model", id: "double" }], has_more: false },
  gemini: { models: [{ name: "models/double" }] },
  ollama: { models: [{ name: "double" }] },
};

async function bytesOf(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}

/** Whether a request asks for a stream, in its dialect's way. */
function isStream(dialect: DialectName, path: string, body: Record<string, unknown>): boolean {
  if (dialect === "gemini") return path.includes(":streamGenerateContent");
  return body.stream === true || (dialect === "ollama" && body.stream === undefined);
}

/** The wire of a frame. */
function frameText(dialect: DialectName, frame: unknown): string {
  const data = typeof frame === "string" ? frame : JSON.stringify(frame);
  if (dialect === "ollama") return `${data}\n`;
  const type = (frame as { type?: string }).type;
  const isNamed = dialect === "anthropic" || dialect === "openai-responses";
  return isNamed ? `event: ${type}\ndata: ${data}\n\n` : `data: ${data}\n\n`;
}

/** Starts a double on the loopback; on a free port unless one is named. */
export async function startProvider(
  dialect: DialectName,
  { host = "127.0.0.1", port: wanted = 0 } = {},
): Promise<ProviderDouble> {
  const received: ReceivedRequest[] = [];
  const faults: ProviderFault[] = [];
  const next: Script[] = [];
  const abortedAtMs: number[] = [];
  const operations = operationsDouble();
  let openCalls = 0;

  const scriptOf = (body: ReceivedRequest["body"]) =>
    next.shift() ?? double.scriptFor?.(body) ?? double.script;

  const sendStream = (
    response: ServerResponse,
    script: Script,
    fault: ProviderFault | undefined,
  ) => {
    const frames = scripts[dialect].frames(script);
    const type = dialect === "ollama" ? "application/x-ndjson" : "text/event-stream";
    response.writeHead(200, { "content-type": type });
    switch (fault?.kind) {
      case "stall_after":
      case "cut_after":
      case "reset_after": {
        for (const frame of frames.slice(0, fault.frames))
          response.write(frameText(dialect, frame));
        if (fault.kind === "cut_after") response.end();
        if (fault.kind === "reset_after") setTimeout(() => response.destroy(), 20);
        return;
      }
      case "hold":
        for (const frame of frames.slice(0, fault.frames))
          response.write(frameText(dialect, frame));
        void fault.until.then(() => {
          for (const frame of frames.slice(fault.frames)) response.write(frameText(dialect, frame));
          response.end();
        });
        return;
      case "error_frame":
        response.end(frameText(dialect, errorFrames[dialect]));
        return;
      case "error_after_start":
        response.end(frameText(dialect, frames[0]) + frameText(dialect, errorFrames[dialect]));
        return;
      case "error_after":
        for (const frame of frames.slice(0, fault.frames))
          response.write(frameText(dialect, frame));
        response.end(frameText(dialect, errorFrames[dialect]));
        return;
      case "garbage":
        response.end("data: {not json\n\n{not json\n");
        return;
      default:
        for (const frame of frames) response.write(frameText(dialect, frame));
        response.end();
    }
  };

  const answer = (
    response: ServerResponse,
    { path, body }: Pick<ReceivedRequest, "path" | "body">,
    fault: ProviderFault | undefined,
  ) => {
    const other = double.other(dialect, path, body);
    const streams = other === undefined && isStream(dialect, path, body);
    if (fault?.kind === "stall") return;
    if (fault?.kind === "hold" && !streams) {
      void fault.until.then(() => answer(response, { path, body }, undefined));
      return;
    }
    if (fault?.kind === "bytes") {
      const type = streams ? "text/event-stream" : "application/json";
      response.writeHead(200, { "content-type": type });
      response.write(fault.bytes);
      if (fault.isOpen !== true) response.end();
      return;
    }
    if (fault?.kind === "status") {
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      response.end(JSON.stringify(fault.body ?? { error: { message: "told to fail" } }));
    } else if (fault?.kind === "wrong_type") {
      response.writeHead(200, { "content-type": "text/html" });
      response.end("<html><body>Bad gateway</body></html>");
    } else if (streams) {
      sendStream(response, scriptOf(body), fault);
    } else if (fault?.kind === "garbage") {
      response.end("{not json");
    } else if (fault === undefined && other !== undefined) {
      response.writeHead(other.status, { "content-type": "application/json" });
      response.end(JSON.stringify(other.body));
    } else if (fault === undefined) {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(scripts[dialect].body(scriptOf(body))));
    } else {
      // What needs a stream to happen breaks a whole response off.
      response.writeHead(200, { "content-length": "1000" });
      response.write("{");
      setTimeout(() => response.destroy(), 20);
    }
  };

  const illnessOf = (body: Record<string, unknown>) =>
    typeof double.illness === "function" ? double.illness(body) : double.illness;

  const server = createServer((request, response) => {
    void (async () => {
      const path = request.url ?? "";
      const speaksOpenai = dialect === "openai-chat" || dialect === "openai-responses";
      if (speaksOpenai && operations.serve(request, response, faults)) return;
      if (request.method === "GET") {
        response.end(JSON.stringify(double.list ?? modelLists[dialect]));
        return;
      }
      openCalls += 1;
      response.once("close", () => {
        openCalls -= 1;
        if (!response.writableFinished) abortedAtMs.push(performance.now());
      });
      const bytes = await bytesOf(request);
      const body = bytes.length === 0 ? {} : JSON.parse(bytes.toString());
      const one: ReceivedRequest = { path, headers: request.headers, body, bytes };
      received.push(one);
      response.once("close", () => {
        if (!response.writableFinished) one.abortedAtMs = performance.now();
      });
      if (double.delayMs > 0) await sleep(double.delayMs);
      answer(response, { path, body }, faults.shift() ?? illnessOf(body));
    })();
  });
  const listen = (on: number) => new Promise<void>((resolve) => server.listen(on, host, resolve));
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    // The system may have taken one for a server that is closed by now.
    if (!server.listening) socket.destroy();
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const down = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(wanted);
  const { port } = server.address() as AddressInfo;
  const double: ProviderDouble = {
    url: `http://${host}:${port}`,
    received,
    faults,
    illness: undefined,
    delayMs: 0,
    down,
    up: () => listen(port),
    abortedAtMs,
    script: { text: "Hello there" },
    scripts: next,
    other: otherThanChat,
    operations,
    open: () => openCalls,
    [Symbol.asyncDispose]: down,
  };
  return double;
}

/** Doubles by the dialect that they speak. */
export type RunningProviders<N extends DialectName> = Readonly<Record<N, ProviderDouble>> &
  AsyncDisposable;

/** A double for each of some dialects; disposing of it stops all. */
export async function startProviders<N extends DialectName>(
  names: readonly N[],
): Promise<RunningProviders<N>> {
  const running = new AsyncDisposableStack();
  const doubles = {} as Record<N, ProviderDouble>;
  for (const name of names) doubles[name] = running.use(await startProvider(name));
  return { ...doubles, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
