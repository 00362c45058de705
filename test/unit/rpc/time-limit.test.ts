import { create } from "@bufbuild/protobuf";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { StatsService, WatchStatsRequestSchema } from "#gen/polygate/v1/stats_pb.js";
import { createCallPath } from "#rpc/call.ts";
import { asIs, callerOf, callInit, rejection } from "../../support/call.ts";

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

function watching(
  watch: (signal: AbortSignal, release: Promise<void>) => AsyncIterable<object>,
  release: Promise<void> = Promise.resolve(),
) {
  const calls = createCallPath(
    (router) =>
      router.service(StatsService, {
        watchStats: (_request, { signal }) => watch(signal, release),
      }),
    [],
    { translate: faultFrom, timeoutMs: 20 },
  );
  const { messages } = calls.stream(
    StatsService.method.watchStats,
    createAsyncIterable([create(WatchStatsRequestSchema)]),
    callInit(),
    asIs,
  );
  return messages[Symbol.asyncIterator]();
}

test("a unary call past the limit is told to stop and ends with DEADLINE_EXCEEDED", async () => {
  const call = callerOf(
    (router) =>
      router.service(StatsService, { getStats: (_request, { signal }) => untilAborted(signal) }),
    [],
    { translate: faultFrom, timeoutMs: 20 },
  );
  const error = await rejection(call(StatsService.method.getStats, {}));
  expect(reasonOf(error)).toBe("DEADLINE_EXCEEDED");
});

test("a stream whose first message does not come in time is told to stop", async () => {
  const messages = watching((signal) => ({
    [Symbol.asyncIterator]: () => ({ next: () => untilAborted(signal) }),
  }));
  const error = await rejection(messages.next());
  expect(reasonOf(error)).toBe("DEADLINE_EXCEEDED");
});

test("a stream that has begun may last", async () => {
  const release = Promise.withResolvers<void>();
  const messages = watching(async function* (signal, released) {
    yield {};
    await released;
    signal.throwIfAborted();
    yield {};
  }, release.promise);
  expect((await messages.next()).done).toBe(false);
  setTimeout(release.resolve, 60);
  expect((await messages.next()).done).toBe(false);
  expect((await messages.next()).done).toBe(true);
});

test("a limit of 0 is none", async () => {
  const call = callerOf((router) => router.service(StatsService, { getStats: () => ({}) }), [], {
    timeoutMs: 0,
  });
  await expect(call(StatsService.method.getStats, {})).resolves.toBeDefined();
});
