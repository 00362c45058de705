import { create } from "@bufbuild/protobuf";
import {
  Code,
  ConnectError,
  type ContextValues,
  createContextKey,
  createContextValues,
} from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { describe, expect, test } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
} from "#gen/grpc/health/v1/health_pb.js";
import { createCallPath } from "#rpc/call.ts";
import { createHealthStatus, type HealthWatching, registerHealth } from "#rpc/health.ts";
import { asIs, callerOf, rejection } from "../../support/call.ts";
import { eventLoopTurn } from "../../support/predict.ts";

const callerKey = createContextKey("");

function served(watching: HealthWatching = {}) {
  const health = createHealthStatus(["a.Service"]);
  const routes = (router: Parameters<typeof registerHealth>[0]) =>
    registerHealth(router, health, ["a.Service"], watching);
  const calls = createCallPath(routes, []);
  const watch = (service = "", { caller = "", signal = new AbortController().signal } = {}) => {
    const { messages } = calls.stream(
      Health.method.watch,
      createAsyncIterable([create(HealthCheckRequestSchema, { service })]),
      {
        header: new Headers(),
        signal,
        values: createContextValues().set(callerKey, caller),
        url: "",
        httpMethod: "POST",
        protocol: "test",
      },
      asIs,
    );
    return messages[Symbol.asyncIterator]() as AsyncIterator<HealthCheckResponse>;
  };
  return { health, call: callerOf(routes, []), watch };
}

test("check tells the state of the server and of a service", async () => {
  const { health, call } = served();
  health.set("a.Service", false);
  const state = async (service: string) => {
    const { message } = await call(Health.method.check, { service });
    return (message as HealthCheckResponse).status;
  };
  expect([await state(""), await state("a.Service")]).toEqual([Status.SERVING, Status.NOT_SERVING]);
});

test("check of an unknown service is NOT_FOUND, as the protocol says", async () => {
  const error = await rejection(served().call(Health.method.check, { service: "no.Service" }));
  expect(error.code).toBe(Code.NotFound);
});

test("the refusal of a long name quotes its beginning: it travels in a header", async () => {
  const service = "x".repeat(1_000_000);
  const error = await rejection(served().call(Health.method.check, { service }));
  expect(error.rawMessage.length).toBeLessThan(300);
});

test("list tells all", async () => {
  const { message } = await served().call(Health.method.list, {});
  expect(message).toMatchObject({
    statuses: { "": { status: Status.SERVING }, "a.Service": { status: Status.SERVING } },
  });
});

test("watch tells the state at once and again at each change, and ends with its client", async () => {
  const { health, watch: watched } = served();
  const client = new AbortController();
  const watch = watched("a.Service", { signal: client.signal });
  expect((await watch.next()).value.status).toBe(Status.SERVING);
  const next = watch.next();
  health.set("a.Service", true);
  health.set("a.Service", false);
  expect((await next).value.status).toBe(Status.NOT_SERVING);
  const last = watch.next();
  client.abort(new ConnectError("gone", Code.Canceled));
  await expect(last).rejects.toThrow();
});

test("once stopped nothing serves again, and a watch ends with its last word", async () => {
  const { health, watch: watched } = served();
  const watch = watched();
  await watch.next();
  const last = watch.next();
  health.stop();
  health.set("", true);
  expect((await last).value.status).toBe(Status.NOT_SERVING);
  expect((await watch.next()).done).toBe(true);
});

test("a reader that comes late is told of the state as it is then", async () => {
  const { health, watch } = served();
  const late = watch("a.Service");
  expect((await late.next()).value.status).toBe(Status.SERVING);
  health.set("a.Service", false);
  expect((await late.next()).value.status).toBe(Status.NOT_SERVING);
  health.set("a.Service", true);
  health.set("a.Service", false);
  health.set("a.Service", true);
  expect((await late.next()).value.status).toBe(Status.SERVING);
  health.stop();
  expect((await late.next()).value.status).toBe(Status.NOT_SERVING);
  expect((await late.next()).done).toBe(true);
});

describe("watches are bounded", () => {
  const limits = { totalMax: 3, perCallerMax: 2 };
  const watching = { callerOf: (values: ContextValues) => values.get(callerKey), limits };
  const exhausted = { code: Code.ResourceExhausted };

  test("per caller and in total, and whoever leaves makes room", async () => {
    const { watch } = served(watching);
    const opened = [watch("", { caller: "a" }), watch("", { caller: "a" })];
    for (const one of opened) await one.next();
    await expect(watch("", { caller: "a" }).next()).rejects.toMatchObject(exhausted);
    const other = watch("", { caller: "b" });
    await other.next();
    await expect(watch("", { caller: "c" }).next()).rejects.toMatchObject(exhausted);
    await opened[0]?.return?.();
    expect((await watch("", { caller: "c" }).next()).done).toBe(false);
    await expect(watch("", { caller: "a" }).next()).rejects.toMatchObject(exhausted);
  });

  test("a client that is gone makes room, too", async () => {
    const { watch } = served(watching);
    const clients = [new AbortController(), new AbortController()];
    for (const { signal } of clients) {
      const one = watch("", { caller: "a", signal });
      await one.next();
      void one.next().catch(() => {});
    }
    clients[0]?.abort(new ConnectError("gone", Code.Canceled));
    await eventLoopTurn();
    expect((await watch("", { caller: "a" }).next()).done).toBe(false);
  });

  test("in total alone where nobody tells callers apart", async () => {
    const { watch } = served({ limits });
    for (let count = 0; count < 3; count += 1) await watch().next();
    await expect(watch().next()).rejects.toMatchObject(exhausted);
  });

  test("in the name that each one keeps", async () => {
    const { watch } = served();
    expect((await watch("x".repeat(256)).next()).value.status).toBe(Status.SERVICE_UNKNOWN);
    const refusal = { code: Code.InvalidArgument, rawMessage: "service: at most 256 characters" };
    await expect(watch("x".repeat(257)).next()).rejects.toMatchObject(refusal);
  });
});
