import { create, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import { Code, createContextValues, type Interceptor } from "@connectrpc/connect";
import { createAsyncIterable } from "@connectrpc/connect/protocol";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { reasonOf } from "#errors/fault.ts";
import { HttpBodySchema } from "#gen/google/api/httpbody_pb.js";
import { RetryInfoSchema } from "#gen/google/rpc/error_details_pb.js";
import { HealthService } from "#gen/polygate/v1/health_pb.js";
import { ModelsService } from "#gen/polygate/v1/models_pb.js";
import { PredictRequestSchema, PredictService } from "#gen/polygate/v1/predict_pb.js";
import { UploadService } from "#gen/polygate/v1/uploads_pb.js";
import { callRecordKey, principalKey } from "#interceptors/context.ts";
import { outcomes } from "#interceptors/outcome.ts";
import { limitsEnd, rateLimit } from "#interceptors/rate-limit.ts";
import {
  type LimitOptions,
  type ListenerTerms,
  noTerms,
  ownLimitsOnly,
} from "#limits/limit-options.ts";
import { type LimitStore, MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import type { Terms } from "#limits/owner.ts";
import { createMetrics } from "#metrics.ts";
import { createCallPath } from "#rpc/call.ts";
import type { Routes } from "#rpc/mount.ts";
import { asIs, callerOf, callInit, callRecord, rejection } from "../../support/call.ts";

const { listModels, getModel } = ModelsService.method;

/** So many requests at once, and so many a second. */
const requests = (capacity: number, perSecond: number): Terms => ({
  requests: { capacity, perSecond },
});
const ofModels = "polygate.v1.ModelsService/GetModel";
const onRoute = (capacity: number, perSecond: number, match = ofModels) => ({
  routes: [{ match, by: "client" as const, terms: requests(capacity, perSecond) }],
});

/** What the caller `own` may use by itself, wherever it calls. */
const ownAllowance = { requestsPerMinute: 0.001, burst: 3 };

/** Gives calls the caller that their header names, as `authenticate` does for a key; anonymous without. */
const asNamed: Interceptor = (next) => (request) => {
  const id = request.header.get("x-test-caller");
  const principal = {
    ...{ id: id ?? "", authenticated: true, scopes: new Set<string>() },
    ...(id === "own" && { allowance: ownAllowance }),
  };
  if (id !== null) request.contextValues.set(principalKey, principal);
  return next(request);
};

function limited(options: Partial<LimitOptions>, store?: LimitStore) {
  const time = { nowMs: 0 };
  const clock = { ...systemClock, nowMs: () => time.nowMs, wallMs: () => time.nowMs };
  const metrics = createMetrics();
  const routes: Routes = (router) => {
    router.service(ModelsService, { listModels: () => ({}), getModel: () => ({}) });
    router.service(HealthService, { getHealth: () => ({}) });
    router.service(PredictService, {
      async *streamPredict(requests) {
        for await (const _request of requests) yield {};
      },
    });
    router.service(UploadService, {
      async upload(pieces) {
        let size = 0;
        for await (const { data } of pieces) size += data.length;
        return { size };
      },
    });
  };
  const all = { ...ownLimitsOnly, client: requests(2, 1), clientsMax: 100, ...options };
  const buckets = store ?? new MemoryLimits(all.clientsMax, clock);
  const limiter = new Limiter(all, { store: buckets, clock });
  const interceptors = [asNamed, rateLimit(limiter, { clock, metrics })];
  const call = callerOf(routes, interceptors);
  const streamed = (method: DescMethod, messages: Message[]) =>
    createCallPath(routes, interceptors).stream(
      method,
      createAsyncIterable(messages),
      {
        header: new Headers(),
        signal: new AbortController().signal,
        values: createContextValues().set(callRecordKey, callRecord()),
        url: "",
        httpMethod: "POST",
        protocol: "test",
      },
      asIs,
    ).messages;
  const messages = (count: number, type: DescMessage) =>
    Array.from({ length: count }, () => create(type));
  const stream = (count: number) =>
    streamed(PredictService.method.streamPredict, messages(count, PredictRequestSchema));
  const upload = (count: number) =>
    streamed(UploadService.method.upload, messages(count, HttpBodySchema));
  const health = () => call(HealthService.method.getHealth, {});
  const from = (clientAddress: string) => ({ record: callRecord({ clientAddress }) });
  return { call, stream, upload, health, time, metrics, from };
}

test("a burst is served up to the capacity, then refused with the wait until the next token", async () => {
  const { call } = limited({});
  await call(listModels, {});
  await call(listModels, {});
  const error = await rejection(call(listModels, {}));
  expect([error.code, reasonOf(error)]).toEqual([Code.ResourceExhausted, "RATE_LIMITED"]);
  expect(error.rawMessage).toBe(
    "the principal's limit of 60 requests per minute, 2 at once, is used up",
  );
  expect(error.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(1n);
  expect(error.metadata.get("ratelimit-remaining")).toBe("0");
});

test("tokens come back with time, by fractions", async () => {
  const { call, time } = limited({});
  await call(listModels, {});
  await call(listModels, {});
  time.nowMs = 500;
  await rejection(call(listModels, {}));
  time.nowMs = 1000;
  await call(listModels, {});
});

test("a refused call costs nothing: asking often does not put the next token off", async () => {
  const { call, time } = limited({ client: requests(1, 1) });
  await call(listModels, {});
  for (time.nowMs = 1; time.nowMs < 1000; time.nowMs += 1) await rejection(call(listModels, {}));
  time.nowMs = 1000;
  await call(listModels, {});
});

test("one client's use does not touch another's", async () => {
  const { call, from } = limited({ client: requests(1, 1) });
  await call(listModels, {}, from("192.0.2.1"));
  await call(listModels, {}, from("192.0.2.2"));
  await rejection(call(listModels, {}, from("192.0.2.1")));
});

test("a key has one bucket wherever it calls from, and each key its own", async () => {
  const { call, from } = limited({ client: requests(1, 1) });
  const as = (id: string, address: string) => ({
    ...from(address),
    header: { "x-test-caller": id },
  });
  await call(listModels, {}, as("a", "192.0.2.1"));
  await rejection(call(listModels, {}, as("a", "192.0.2.2")));
  await call(listModels, {}, as("b", "192.0.2.1"));
  await call(listModels, {}, from("192.0.2.1"));
});

test("a key may not use up the bucket of an address by its name", async () => {
  const { call, from } = limited({ client: requests(1, 1) });
  await call(listModels, {}, { header: { "x-test-caller": "192.0.2.1" } });
  await call(listModels, {}, from("192.0.2.1"));
});

test("a route's bucket is each client's own", async () => {
  const { call, from } = limited(onRoute(1, 1));
  await call(getModel, { model: "m" }, from("192.0.2.1"));
  await call(getModel, { model: "m" }, from("192.0.2.2"));
  await rejection(call(getModel, { model: "m" }, from("192.0.2.2")));
});

test("the client's own bucket is told where it is tighter than the route's", async () => {
  const { call } = limited(onRoute(10, 1));
  const { header } = await call(getModel, { model: "m" });
  expect([header.get("ratelimit-limit"), header.get("ratelimit-remaining")]).toEqual(["2", "1"]);
});

test("a route's own bucket refuses without taking from the client's", async () => {
  const { call } = limited(onRoute(1, 1));
  await call(getModel, { model: "m" });
  await rejection(call(getModel, { model: "m" }));
  await rejection(call(getModel, { model: "m" }));
  await call(listModels, {});
  await rejection(call(listModels, {}));
});

test("answers tell what is left, and both outcomes are counted by client name, never by address", async () => {
  const { call, metrics } = limited({ client: requests(1, 1) });
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

test("what is left and until when is that of the tightest bucket, in whole calls and seconds", async () => {
  const { call, time } = limited({
    client: requests(4, 0.5),
    ...onRoute(2, 0.25),
  });
  const left = (fields: Headers) =>
    ["limit", "remaining", "reset"].map((name) => Number(fields.get(`ratelimit-${name}`)));
  expect(left((await call(listModels, {})).header)).toEqual([4, 3, 2]);
  expect(left((await call(getModel, { model: "m" })).header)).toEqual([2, 1, 4]);
  time.nowMs = 1000;
  // The client has 2.5 of 4, the route 1.25 of 2, before the call.
  expect(left((await call(getModel, { model: "m" })).header)).toEqual([2, 0, 7]);
  const refused = await rejection(call(getModel, { model: "m" }));
  expect(left(refused.metadata)).toEqual([2, 0, 7]);
  expect(refused.findDetails(RetryInfoSchema)[0]?.retryDelay?.seconds).toBe(3n);
  expect(left((await call(listModels, {})).header)).toEqual([4, 0, 7]);
});

test("a route's limit holds for names that begin with it, not for those that end with it", async () => {
  const { call } = limited(onRoute(1, 1, "GetModel"));
  await call(getModel, { model: "m" });
  await call(getModel, { model: "m" });
});

test("clients beyond the bound push out the one unused for longest", async () => {
  const { call, from } = limited({ client: requests(1, 1), clientsMax: 2 });
  for (const address of ["a", "b", "c"]) await call(listModels, {}, from(address));
  await call(listModels, {}, from("a"));
  await rejection(call(listModels, {}, from("c")));
});

test("the pieces of one body cost a token together", async () => {
  const { upload } = limited({});
  expect(await Array.fromAsync(upload(100))).toHaveLength(1);
  expect(await Array.fromAsync(upload(100))).toHaveLength(1);
  const error = await rejection(Array.fromAsync(upload(1)));
  expect(reasonOf(error)).toBe("RATE_LIMITED");
});

test("each message that a client streams costs a token, the first one being the call's", async () => {
  const { stream } = limited({ client: requests(3, 1) });
  const received: object[] = [];
  const work = (async () => {
    for await (const message of stream(5)) received.push(message);
  })();
  expect(reasonOf(await rejection(work))).toBe("RATE_LIMITED");
  expect(received).toHaveLength(3);
});

test("probes cost nothing and are never refused", async () => {
  const { call, health } = limited({ client: requests(1, 1) });
  await call(listModels, {});
  await rejection(call(listModels, {}));
  for (let probe = 0; probe < 5; probe += 1) await health();
});

test("an IPv6 client is its /64, not one of the addresses in it", async () => {
  const { call, from } = limited({ client: requests(1, 1) });
  await call(listModels, {}, from("2001:db8:1:2::1"));
  await rejection(call(listModels, {}, from("2001:db8:1:2:ffff::9")));
  await call(listModels, {}, from("2001:db8:1:3::1"));
  await call(listModels, {}, from("::1"));
});

test("buckets that are shared with others are waited for, for calls and for each message", async () => {
  const buckets = new MemoryLimits(10, { nowMs: () => 0 });
  const { call, stream } = limited(
    { client: requests(3, 1) },
    {
      reserve: async (asks) => buckets.reserve(asks),
      adjust: (changes) => buckets.adjust(changes),
      read: async (key, limits) => buckets.read(key, limits),
      reset: async (key) => buckets.reset(key),
    },
  );
  await call(listModels, {});
  const received: object[] = [];
  const work = (async () => {
    for await (const message of stream(5)) received.push(message);
  })();
  expect(reasonOf(await rejection(work))).toBe("RATE_LIMITED");
  expect(received).toHaveLength(2);
  expect(reasonOf(await rejection(call(listModels, {})))).toBe("RATE_LIMITED");
});

test("a call whose client left while it was found out who that is holds no place", async () => {
  const limiter = new Limiter(
    { ...ownLimitsOnly, client: { concurrentMax: 1 } },
    { store: new MemoryLimits(10, systemClock), clock: systemClock },
  );
  const found = Promise.withResolvers<void>();
  const entered = Promise.withResolvers<void>();
  const slow: Interceptor = (next) => async (request) => {
    await found.promise;
    const response = await next(request);
    entered.resolve();
    return response;
  };
  const limit = rateLimit(limiter, { clock: systemClock, metrics: createMetrics() });
  const routes: Routes = (router) =>
    router.service(HealthService, {}).service(PredictService, {
      async *streamPredict() {
        yield {};
      },
    });
  const ended = Promise.withResolvers<void>();
  const calls = createCallPath(routes, [slow, limit], {
    observer: (method) => {
      const begun = outcomes([limitsEnd()])(method);
      return (values) => {
        const end = begun(values);
        return (failure) => {
          end(failure);
          ended.resolve();
        };
      };
    },
  });
  const leaving = new AbortController();
  const init = callInit({
    signal: leaving.signal,
    values: createContextValues().set(callRecordKey, callRecord()),
  });
  const { messages } = calls.stream(
    PredictService.method.streamPredict,
    createAsyncIterable([create(PredictRequestSchema)]),
    init,
    asIs,
  );
  const read = Array.fromAsync(messages);
  read.catch(() => {});
  leaving.abort();
  await ended.promise;
  found.resolve();
  await entered.promise;
  expect(limiter.inProgress.owners).toBe(0);
});

test("clients beyond the first thousand are one in the metrics, and each still has its own bucket", async () => {
  const { call, metrics } = limited({ client: requests(1, 1), clientsMax: 10_000 });
  const as = (id: number) => ({ header: { "x-test-caller": `subject-${id}` } });
  for (let id = 0; id < 1_500; id += 1) await call(listModels, {}, as(id));
  await rejection(call(listModels, {}, as(1_499)));
  const { values } = await metrics.rateLimitHits.get();
  const others = values.find(({ labels }) => labels.client_id === "_OTHER");
  expect([values.length, others?.value]).toEqual([1_001, 501]);
});

/** A limiter with limits of the listener `inner`, and calls by it and by another. */
function byListeners(terms: ListenerTerms) {
  const limits = limited({
    client: requests(2, 0.001),
    address: requests(100, 0.001),
    listeners: new Map([["inner", terms]]),
  });
  const by = (listener: string, id = "", clientAddress = "192.0.2.1") =>
    limits.call(
      listModels,
      {},
      {
        record: callRecord({ clientAddress, listener }),
        ...(id !== "" && { header: { "x-test-caller": id } }),
      },
    );
  return { by, metrics: limits.metrics };
}

test("a listener's own limit is that of all who call by it, and of nobody else", async () => {
  const { by } = byListeners({ own: requests(2, 0.001) });
  await by("inner", "a");
  await by("inner", "b");
  const error = await rejection(by("inner", "c"));
  expect(error.rawMessage).toContain("the listener's limit");
  // What it refused took nothing of the caller's.
  await by("outer", "c");
  await by("outer", "c");
});

test("a listener gives its clients more or less than others do, and each its own", async () => {
  const { by } = byListeners({ own: noTerms, client: requests(4, 0.001) });
  for (let count = 0; count < 4; count += 1) await by("inner", "a");
  expect((await rejection(by("inner", "a"))).rawMessage).toContain("principal's limit");
  await by("inner", "b");
  // What was used by the one listener is not missing at the other.
  await by("outer", "a");
  await by("outer", "a");
  await rejection(by("outer", "a"));

  const less = byListeners({ own: noTerms, client: requests(1, 0.001) });
  await less.by("inner");
  await rejection(less.by("inner"));
  await less.by("outer");
});

test("what a key has as a limit of its own is one by all listeners, and what it leaves out is the listener's", async () => {
  const { by } = byListeners({ own: noTerms, client: requests(100, 1) });
  await by("inner", "own");
  await by("outer", "own");
  await by("inner", "own");
  await rejection(by("inner", "own"));
  await rejection(by("outer", "own"));

  // Nobody ends calls here: each keeps its place.
  const left = byListeners({ own: noTerms, client: { ...requests(100, 1), concurrentMax: 1 } });
  await left.by("inner", "own");
  expect((await rejection(left.by("inner", "own"))).rawMessage).toContain("1 call at one time");
  await left.by("outer", "own");
  await left.by("outer", "own");
});

test("a listener's limit of addresses takes the place of the general one", async () => {
  const { by } = byListeners({ own: noTerms, address: requests(1, 0.001) });
  await by("inner", "a");
  expect((await rejection(by("inner", "b"))).rawMessage).toContain("address's limit");
  await by("inner", "b", "192.0.2.2");
  await by("outer", "b");
});
