/** Of which calls messages are kept, in which direction, and that calls go on as they would without. */

import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { expect, test } from "vitest";
import { ChatRequestSchema, type ChatResponse, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictRequestSchema, PredictService } from "#gen/polygate/v1/predict_pb.js";
import { capture } from "#interceptors/capture.ts";
import { callRecordKey } from "#interceptors/context.ts";
import type { CallRecord, CapturedText } from "#observability/call-record.ts";
import { createCallPath } from "#rpc/call.ts";
import type { Routes } from "#rpc/mount.ts";
import { asIs, callerOf, callInit, callRecord } from "../../support/call.ts";

const routes: Routes = (router) => {
  router.service(ChatService, {
    chat: ({ message }) => ({ response: `you said ${message}` }),
    async *streamChat() {
      yield { delta: "one" };
      yield { delta: "two" };
    },
  });
  router.service(PredictService, {
    async *streamPredict(requests) {
      for await (const { model } of requests) yield { model };
    },
  });
  router.service(HealthService, { getHealth: () => ({ status: "healthy" }) });
  router.service(ModelsService, { unloadModel: () => ({}) });
};
const interceptors = [capture(10_000)];
const call = callerOf(routes, interceptors);

/** What a stream answers. */
const stream = (method: DescMethod, messages: readonly Message[], record: CallRecord) =>
  createCallPath(routes, interceptors).stream(
    method,
    createAsyncIterable([...messages]),
    callInit({ values: createContextValues().set(callRecordKey, record) }),
    asIs,
  ).messages;

const parsed = (text: CapturedText | undefined) => text && JSON.parse(text.json);

test("of a whole call both messages are kept, and the client gets its response", async () => {
  const record = callRecord();
  const { message } = await call(ChatService.method.chat, { message: "hello" }, { record });
  expect((message as ChatResponse).response).toBe("you said hello");
  expect(parsed(record.requestBody)).toEqual({ message: "hello" });
  expect(parsed(record.responseBody)).toMatchObject({ response: "you said hello" });
});

test("of a stream the response is a list of all that was sent, and the request a message", async () => {
  const record = callRecord();
  const asked = create(ChatRequestSchema, { message: "hello" });
  const sent: unknown[] = [];
  for await (const one of stream(ChatService.method.streamChat, [asked], record)) sent.push(one);
  expect(sent).toMatchObject([{ delta: "one" }, { delta: "two" }]);
  expect(parsed(record.requestBody)).toEqual({ message: "hello" });
  expect(parsed(record.responseBody)).toEqual([{ delta: "one" }, { delta: "two" }]);
});

test("of a stream in both directions both are lists", async () => {
  const record = callRecord();
  const models = ["a", "b"];
  const asked = models.map((model) => create(PredictRequestSchema, { model }));
  const sent: unknown[] = [];
  const { streamPredict } = PredictService.method;
  for await (const one of stream(streamPredict, asked, record)) sent.push(one);
  expect(sent).toMatchObject([{ model: "a" }, { model: "b" }]);
  expect(parsed(record.requestBody)).toEqual([{ model: "a" }, { model: "b" }]);
  expect(parsed(record.responseBody)).toEqual([{ model: "a" }, { model: "b" }]);
});

test("of a stream whose client leaves is kept what it had", async () => {
  const record = callRecord();
  const asked = create(ChatRequestSchema, { message: "hello" });
  for await (const _one of stream(ChatService.method.streamChat, [asked], record)) break;
  await expect.poll(() => parsed(record.responseBody)).toEqual([{ delta: "one" }]);
});

test("nothing is kept of operators' calls, of looks at the gateway, nor where no entry made the record", async () => {
  const records = [callRecord(), callRecord(), callRecord({ requestId: "" })];
  const [operator, look, shared] = records;
  await call(ModelsService.method.unloadModel, { model: "m" }, { record: operator as CallRecord });
  await call(HealthService.method.getHealth, {}, { record: look as CallRecord });
  await call(ChatService.method.chat, { message: "x" }, { record: shared as CallRecord });
  for (const record of records) {
    expect([record.requestBody, record.responseBody]).toEqual([undefined, undefined]);
  }
});
