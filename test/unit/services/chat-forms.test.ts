/** The short forms of a chat are read in one place: who answers it, and who judges it, is given parts alone. */

import { readFileSync } from "node:fs";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { coreChat } from "#backends/core-chat.ts";
import { type Conversation, normalized } from "#chat/normalize.ts";
import { events, textPart } from "#chat/parts.ts";
import { stopOfWord } from "#chat/short-form.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import type { ChatRequest as CoreRequest } from "#gen/polyagent/core/v1/core_pb.js";
import {
  ChatRequestSchema,
  ChatResponseSchema,
  CountTokensResponseSchema,
  QueryRequestSchema,
} from "#gen/polygate/v1/chat_pb.js";
import type { Part } from "#gen/polygate/v1/conversation_pb.js";
import { type ChatServiceDeps, createChatService } from "#services/chat.ts";
import { UploadedFiles } from "#services/uploaded-files.ts";
import { sourceFiles, specifiersOf } from "../../support/floor-plan.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const context = {
  protocolName: "grpc",
  signal: new AbortController().signal,
  values: createContextValues(),
  responseHeader: new Headers(),
  requestHeader: new Headers(),
  timeoutMs: () => undefined,
} as unknown as HandlerContext;

/** The service in front of one backend, and what that was given. */
function setting() {
  const given: Conversation[] = [];
  const told = [events.start({ id: "r", model: "m" }), events.stop(stopOfWord("stop"))];
  const backend = {
    async chat(request: Conversation) {
      given.push(request);
      return create(ChatResponseSchema, { response: "Hello", modelUsed: "m" });
    },
    async *streamChat(request: Conversation) {
      given.push(request);
      yield told;
    },
    async countTokens(request: Conversation) {
      given.push(request);
      return create(CountTokensResponseSchema, { promptTokens: 1 });
    },
  };
  const attempt = { signal: context.signal, requestId: "r", pool: "p", endpoint: "e", model: "m" };
  type Work<T> = (to: typeof backend, call: typeof attempt) => T;
  const deps = {
    clock: createManualClock(),
    responses: { for: () => undefined },
    uploads: new UploadedFiles({ buffers: new ByteBudget(0) }),
    stats: { add() {} },
    meter: { begin: () => () => {}, run: (_: unknown, work: () => unknown) => work() },
    catalog: { resolve: () => ({ route: {}, kind: "llm" }), priceOf: () => undefined },
    dispatch: {
      call: <T>(_: unknown, work: Work<T>) => work(backend, attempt),
      stream: <T>(_: unknown, open: Work<T>) => open(backend, attempt),
    },
  };
  return { given, service: createChatService(deps as unknown as ChatServiceDeps) };
}

const flat = create(ChatRequestSchema, {
  message: "And now?",
  context: "kept",
  messages: [
    {
      role: "user",
      content: "Look",
      images: [{ data: new Uint8Array([1]), mediaType: "image/png" }],
    },
    { role: "assistant", toolCalls: [{ id: "c", name: "f", argumentsJson: "{}" }] },
    { role: "tool", toolCallId: "c", content: "5" },
  ],
});

const said = (parts: readonly Part[]) => parts.map(({ content }) => content.case);

type Service = ReturnType<typeof createChatService>;

test.each<[string, (service: Service) => unknown]>([
  ["Chat", (service) => service.chat(flat, context)],
  ["StreamChat", (service) => Array.fromAsync(service.streamChat(flat, context))],
  ["CountTokens", (service) => service.countTokens(flat, context)],
])("a backend is given the short forms of %s as parts", async (_, call) => {
  const { given, service } = setting();
  await call(service);
  expect(given).toHaveLength(1);
  expect(given[0]).toMatchObject({ message: "", context: "kept" });
  const turns = given[0]?.messages ?? [];
  expect(turns.map(({ role, parts }) => [role, said(parts)])).toEqual([
    ["user", ["text", "image"]],
    ["assistant", ["toolCall"]],
    ["tool", ["toolResult"]],
    ["user", ["text"]],
  ]);
  for (const turn of turns) {
    expect(turn).toMatchObject({ content: "", images: [], toolCalls: [], toolCallId: "" });
  }
});

test("a backend is given the question of Query as a part", async () => {
  const { given, service } = setting();
  await service.query(create(QueryRequestSchema, { query: "Who?" }), context);
  expect(given[0]).toMatchObject({ message: "", messages: [{ role: "user", content: "" }] });
  expect(given[0]?.messages[0]?.parts).toEqual([textPart("Who?")]);
});

test("no one makes parts of the short forms but the service, and whoever reads what a hook returned", () => {
  const readers = sourceFiles().filter(
    (file) =>
      specifiersOf(file).some((specifier) => specifier.endsWith("/normalize.ts")) &&
      /\bnormalized\(/.test(readFileSync(file, "utf8")),
  );
  expect(readers).toEqual(["src/hooks/decision.ts", "src/services/chat.ts"]);
});

/** What a core is sent of messages. */
async function sentToCore(messages: MessageInitShape<typeof ChatRequestSchema>["messages"]) {
  let sent: CoreRequest | undefined;
  const core = {
    chat(request: CoreRequest) {
      sent = request;
      return Promise.reject(new Error("seen"));
    },
  };
  const request = normalized(create(ChatRequestSchema, { ...(messages && { messages }) }));
  const call = { model: "", requestId: "r", signal: context.signal };
  await coreChat(core as never)
    .chat(request, call)
    .catch(() => {});
  return sent?.messages.map(({ role, content, toolCallId, toolCalls }) => ({
    ...{ role, content, toolCallId },
    results: toolCalls.map(({ id, result }) => `${id}:${result}`),
  }));
}

test("a core is sent the results of its own calls with them, and those of its caller as turns", async () => {
  const own = { id: "c", name: "f", argumentsJson: "{}", result: "4" };
  expect(await sentToCore([{ role: "assistant", content: "So", toolCalls: [own] }])).toEqual([
    { role: "assistant", content: "So", toolCallId: "", results: ["c:4"] },
  ]);
  const callers = [
    { role: "assistant", toolCalls: [{ ...own, result: "" }] },
    { role: "tool", toolCallId: "c", content: "5" },
  ];
  expect(await sentToCore(callers)).toEqual([
    { role: "assistant", content: "", toolCallId: "", results: ["c:"] },
    { role: "tool", content: "5", toolCallId: "c", results: [] },
  ]);
});
