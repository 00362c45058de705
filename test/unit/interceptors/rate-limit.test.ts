import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { reasonOf } from "#errors/fault.ts";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { type RateLimitOptions, rateLimit } from "#interceptors/rate-limit.ts";
import { createMetrics } from "#observability/metrics.ts";
import { callerOf, callRecord, rejection } from "../../support/call.ts";

const { listModels, getModel } = ModelsService.method;
const base: RateLimitOptions = { capacity: 2, perSecond: 1, routes: [], clientsMax: 100 };

function limited(options: RateLimitOptions) {
  const time = { nowMs: 0 };
  const clock = {
    nowMs: () => time.nowMs,
    wallMs: () => time.nowMs,
    sleep: () => Promise.resolve(),
  };
  const metrics = createMetrics();
  const call = callerOf(
    (router) => router.service(ModelsService, { listModels: () => ({}), getModel: () => ({}) }),
    [rateLimit(options, { clock, metrics })],
  );
  const from = (clientAddress: string) => ({ record: callRecord({ clientAddress }) });
  return { call, time, metrics, from };
}

test("a burst is served up to the capacity, then refused with the wait until the next token", async () => {
  const { call } = limited(base);
  await call(listModels, {});
  await call(listModels, {});
  const error = await rejection(call(listModels, {}));
  expect([error.code, reasonOf(error)]).toEqual([Code.ResourceExhausted, "RATE_LIMITED"]);
  expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(1n);
  expect(error.metadata.get("ratelimit-remaining")).toBe("0");
});

test("tokens come back with time, by fractions", async () => {
  const { call, time } = limited(base);
  await call(listModels, {});
  await call(listModels, {});
  time.nowMs = 500;
  await rejection(call(listModels, {}));
  time.nowMs = 1000;
  await call(listModels, {});
});

test("a refused call costs nothing: asking often does not put the next token off", async () => {
  const { call, time } = limited({ ...base, capacity: 1 });
  await call(listModels, {});
  for (time.nowMs = 1; time.nowMs < 1000; time.nowMs += 1) await rejection(call(listModels, {}));
  time.nowMs = 1000;
  await call(listModels, {});
});

test("one client's use does not touch another's", async () => {
  const { call, from } = limited({ ...base, capacity: 1 });
  await call(listModels, {}, from("192.0.2.1"));
  await call(listModels, {}, from("192.0.2.2"));
  await rejection(call(listModels, {}, from("192.0.2.1")));
});

test("a route's own bucket refuses without taking from the client's", async () => {
  const { call } = limited({
    ...base,
    routes: [{ match: "polygate.v1.ModelsService/GetModel", capacity: 1, perSecond: 1 }],
  });
  await call(getModel, { model: "m" });
  await rejection(call(getModel, { model: "m" }));
  await rejection(call(getModel, { model: "m" }));
  await call(listModels, {});
  await rejection(call(listModels, {}));
});

test("answers tell what is left, and both outcomes are counted by client name, never by address", async () => {
  const { call, metrics } = limited({ ...base, capacity: 1 });
  const { header } = await call(listModels, {});
  expect(Object.fromEntries(header)).toMatchObject({
    "ratelimit-limit": "1",
    "ratelimit-remaining": "0",
    "ratelimit-reset": "1",
  });
  await rejection(call(listModels, {}));
  const text = await metrics.registry.metrics();
  expect(text).toContain('rate_limit_hits_total{client_id="anonymous"} 2');
  expect(text).toContain('rate_limit_blocks_total{client_id="anonymous"} 1');
  expect(text).not.toContain("192.0.2.1");
});

test("clients beyond the bound push out the one unused for longest", async () => {
  const { call, from } = limited({ ...base, capacity: 1, clientsMax: 2 });
  for (const address of ["a", "b", "c"]) await call(listModels, {}, from(address));
  await call(listModels, {}, from("a"));
  await rejection(call(listModels, {}, from("c")));
});
