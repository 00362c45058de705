/** Each message is held to its rules, on streams as well. */

import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { describe, expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { ChatRequestSchema, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { PredictRequestSchema, PredictService } from "#gen/polygate/v1/predict_pb.js";
import { StatsService, WatchStatsRequestSchema } from "#gen/polygate/v1/stats_pb.js";
import { validate } from "#interceptors/validate.ts";
import { createCallPath } from "#rpc/call.ts";
import { asIs, callerOf, callInit, rejection } from "../../support/call.ts";

/** A stream whose handler answers each message; what it was called with is in `seen`. */
function stream(method: DescMethod, inputs: readonly Message[]) {
  const seen: unknown[] = [];
  async function* each(requests: AsyncIterable<unknown>) {
    for await (const request of requests) {
      seen.push(request);
      yield {};
    }
  }
  const calls = createCallPath(
    (router) => {
      router.service(ChatService, {
        streamChat: (request) => each(createAsyncIterable([request])),
      });
      router.service(StatsService, {
        watchStats: (request) => each(createAsyncIterable([request])),
      });
      router.service(PredictService, { streamPredict: each });
    },
    [validate()],
  );
  const { messages } = calls.stream(method, createAsyncIterable([...inputs]), callInit(), asIs);
  return { answers: messages[Symbol.asyncIterator](), seen };
}

const image = Buffer.from("image");
const predict = (init: object) =>
  create(PredictRequestSchema, { model: "m", file: image, ...init });

describe("a message of a stream that breaks a rule is INVALID_ARGUMENT", () => {
  test.each<readonly [string, DescMethod, Message, string]>([
    [
      "StreamChat",
      ChatService.method.streamChat,
      create(ChatRequestSchema, { message: "hi", temperature: 9 }),
      "temperature",
    ],
    [
      "WatchStats",
      StatsService.method.watchStats,
      create(WatchStatsRequestSchema, { intervalMs: 1 }),
      "interval_ms",
    ],
    ["StreamPredict", PredictService.method.streamPredict, predict({ topK: 0 }), "top_k"],
  ])("%s", async (_name, method, message, field) => {
    const { answers, seen } = stream(method, [message]);
    const error = await rejection(answers.next());
    expect([error.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "REQUEST_INVALID"]);
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([{ field }]);
    expect(seen).toEqual([]);
  });

  test("also one that comes later, after those before it were answered", async () => {
    const inputs = [predict({}), predict({ topK: 3 }), predict({ topK: 0 }), predict({})];
    const { answers, seen } = stream(PredictService.method.streamPredict, inputs);
    for (let index = 0; index < 2; index += 1) {
      expect((await answers.next()).done).toBe(false);
    }
    const error = await rejection(answers.next());
    expect([error.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "REQUEST_INVALID"]);
    expect(seen).toEqual(inputs.slice(0, 2));
  });
});

test("a rule over several fields is told as a violation of the one that its text begins with", async () => {
  const { answers } = stream(ChatService.method.streamChat, [create(ChatRequestSchema)]);
  const error = await rejection(answers.next());
  const description = "set message, or at least one entry of messages";
  expect(error.rawMessage).toBe(`message: ${description}`);
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
    { field: "message", description },
  ]);
});

test("messages of streams that keep the rules get through", async () => {
  const inputs = [predict({}), predict({ topK: 3 })];
  const { answers, seen } = stream(PredictService.method.streamPredict, inputs);
  for (const _ of inputs) expect((await answers.next()).done).toBe(false);
  expect((await answers.next()).done).toBe(true);
  expect(seen).toEqual(inputs);
});

describe("a message that breaks many rules", () => {
  const call = callerOf(
    (router) => router.service(ChatService, { chat: () => ({}) }),
    [validate()],
  );
  const turns = (count: number) => Array.from({ length: count }, () => ({ role: "nobody" }));
  const violationsOf = async (count: number) => {
    const error = await rejection(call(ChatService.method.chat, { messages: turns(count) }));
    return { error, fields: error.findDetails(BadRequestSchema)[0]?.fieldViolations };
  };

  test("is told of sixteen of them, and that there are more", async () => {
    const { error, fields } = await violationsOf(17);
    expect(fields?.map(({ field }) => field)).toEqual(
      Array.from({ length: 16 }, (_, index) => `messages[${index}].role`),
    );
    expect(fields?.[0]?.description).toBe("must be in list [system, user, assistant, tool]");
    expect(error.message).toMatch(/; and more$|…$/);
  });

  test("reads of them in one sentence, each with its field, and that there are more", async () => {
    const predictCall = callerOf(
      (router) => router.service(PredictService, { predict: () => ({}) }),
      [validate()],
    );
    const inputs = [9, 8].map((length) => ({
      datatype: "FP32",
      shape: Array.from({ length }, () => -1),
    }));
    const error = await rejection(
      predictCall(PredictService.method.predict, { model: "m", inputs }),
    );
    const at = (input: number, index: number) =>
      `inputs[${input}].shape[${index}]: must be greater than or equal to 0`;
    const told = Array.from({ length: 16 }, (_, count) => at(Math.floor(count / 9), count % 9));
    expect(error.rawMessage).toBe(`${told.join("; ")}; and more`);
  });

  test("is told of all when there are no more than sixteen", async () => {
    const { error, fields } = await violationsOf(16);
    expect(fields).toHaveLength(16);
    expect(error.message).not.toMatch(/and more/);
  });
});
