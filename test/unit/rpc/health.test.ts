import { create } from "@bufbuild/protobuf";
import { Code, ConnectError, createContextValues } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { expect, test } from "vitest";
import {
  Health,
  HealthCheckRequestSchema,
  type HealthCheckResponse,
  HealthCheckResponse_ServingStatus as Status,
} from "#gen/grpc/health/v1/health_pb.js";
import { createCallPath } from "#rpc/call.ts";
import { createHealthStatus, registerHealth } from "#rpc/health.ts";
import { asIs, callerOf, rejection } from "../../support/call.ts";

function served() {
  const health = createHealthStatus(["a.Service"]);
  const routes = (router: Parameters<typeof registerHealth>[0]) =>
    registerHealth(router, health, ["a.Service"]);
  return { health, call: callerOf(routes, []), calls: createCallPath(routes, []) };
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

test("list tells all", async () => {
  const { message } = await served().call(Health.method.list, {});
  expect(message).toMatchObject({
    statuses: { "": { status: Status.SERVING }, "a.Service": { status: Status.SERVING } },
  });
});

test("watch tells the state at once and again at each change, and ends with its client", async () => {
  const { health, calls } = served();
  const client = new AbortController();
  const { messages } = calls.stream(
    Health.method.watch,
    createAsyncIterable([create(HealthCheckRequestSchema, { service: "a.Service" })]),
    {
      header: new Headers(),
      signal: client.signal,
      values: createContextValues(),
      url: "",
      httpMethod: "POST",
      protocol: "test",
    },
    asIs,
  );
  const watch = messages[Symbol.asyncIterator]() as AsyncIterator<HealthCheckResponse>;
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
  const { health, calls } = served();
  const { messages } = calls.stream(
    Health.method.watch,
    createAsyncIterable([create(HealthCheckRequestSchema, {})]),
    {
      header: new Headers(),
      signal: new AbortController().signal,
      values: createContextValues(),
      url: "",
      httpMethod: "POST",
      protocol: "test",
    },
    asIs,
  );
  const watch = messages[Symbol.asyncIterator]() as AsyncIterator<HealthCheckResponse>;
  await watch.next();
  const last = watch.next();
  health.stop();
  health.set("", true);
  expect((await last).value.status).toBe(Status.NOT_SERVING);
  expect((await watch.next()).done).toBe(true);
});
