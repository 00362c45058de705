/** What hooks cost a chat that none of them concerns: nothing. */

import { createHook } from "node:async_hooks";
import { create } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { afterAll, expect, test } from "vitest";
import { events } from "#chat/parts.ts";
import { stopOfWord } from "#chat/short-form.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { ChatRequestSchema, ChatResponseSchema } from "#gen/polygate/v1/chat_pb.js";
import type { Hook } from "#hooks/hook.ts";
import { Hooks } from "#hooks/hooks.ts";
import { type ChatServiceDeps, createChatService } from "#services/chat.ts";
import { ChatHooks } from "#services/chat-hooks.ts";
import { UploadedFiles } from "#services/uploaded-files.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const clock = createManualClock();

/** The service in front of a route that answers at once. */
function serviceWith(hooks?: ChatHooks) {
  const answer = create(ChatResponseSchema, { response: "Hello", modelUsed: "m" });
  const told = [events.start({ id: "r", model: "m" }), events.stop(stopOfWord("stop"))];
  const deps = {
    clock,
    hooks,
    responses: { for: () => undefined },
    uploads: new UploadedFiles({ buffers: new ByteBudget(0) }),
    stats: { add() {} },
    meter: { begin: () => () => {}, run: (_: unknown, work: () => unknown) => work() },
    catalog: { resolve: () => ({ route: {}, kind: "llm" }), priceOf: () => undefined },
    dispatch: {
      call: () => Promise.resolve(answer),
      stream: () => told.map((event) => [event]).values(),
    },
  };
  return createChatService(deps as unknown as ChatServiceDeps);
}

const context = {
  protocolName: "grpc",
  signal: new AbortController().signal,
  values: createContextValues(),
  responseHeader: new Headers(),
  requestHeader: new Headers(),
  timeoutMs: () => undefined,
} as unknown as HandlerContext;

let isCounting = false;
let promises = 0;
const counter = createHook({
  init(_, type) {
    if (isCounting && type === "PROMISE") promises += 1;
  },
}).enable();
afterAll(() => counter.disable());

/** Promises that a chat takes, whole and as a stream. */
async function promisesOf(hooks: ChatHooks | undefined, modelPreference: string) {
  const service = serviceWith(hooks);
  const request = create(ChatRequestSchema, { message: "Hi", modelPreference });
  promises = 0;
  isCounting = true;
  await service.chat(request, context);
  for await (const _ of service.streamChat(request, context));
  isCounting = false;
  return promises;
}

const chatHooks = (): ChatHooks => {
  const settings = {
    name: "guard",
    source: { kind: "module" as const, path: "/guard.mjs" },
    models: ["guarded"],
    timeoutMs: 1_000,
    onError: "deny" as const,
    holds: false,
    streamBytesMax: 10_000,
  };
  const hook = {
    settings,
    concerns: (_: string, model: string) => model === "guarded",
    decide: () => Promise.resolve({ action: "allow" }),
  };
  const hooks = new Hooks([hook as unknown as Hook], clock);
  return new ChatHooks({ hooks, clock, buffers: new ByteBudget(1 << 20) });
};

test("a chat that no hook concerns takes no promise more than without hooks; one that a hook concerns does", async () => {
  await promisesOf(undefined, "free");
  const without = await promisesOf(undefined, "free");
  expect(without).toBeGreaterThan(0);
  expect(await promisesOf(chatHooks(), "free")).toBe(without);
  expect(await promisesOf(chatHooks(), "guarded")).toBeGreaterThan(without);
});
