import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { BadRequestSchema } from "#gen/google/rpc/error_details_pb.js";
import { type ChatRequest, ChatService } from "#gen/polygate/v1/chat_pb.js";
import { type ChainOptions, interceptorChain } from "#interceptors/chain.ts";
import { ownLimitsOnly } from "#limits/limit-options.ts";
import { MemoryLimits } from "#limits/limit-store.ts";
import { Limiter } from "#limits/limiter.ts";
import { createMetrics } from "#metrics.ts";
import { createLogger } from "#observability/logger.ts";
import { createStats } from "#observability/stats.ts";
import { callerOf, callRecord, rejection } from "../../support/call.ts";

function chained(
  chat: (request: ChatRequest, signal: AbortSignal) => Promise<object>,
  options: Partial<ChainOptions> = {},
  limiter?: Limiter,
) {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(
    { level: "debug", format: "json", output: "stdout" },
    { write: (line) => lines.push(JSON.parse(line)) },
  );
  const metrics = createMetrics();
  const stats = createStats(systemClock);
  const { interceptors, policy } = interceptorChain(
    {
      auth: { enabled: false, keys: [], anonymousScopes: [], failuresPerMinute: 0 },
      timeoutMs: 50,
      ...options,
    },
    { logger, metrics, stats, clock: systemClock, limiter },
  );
  const call = callerOf(
    (router) =>
      router.service(ChatService, { chat: (request, { signal }) => chat(request, signal) }),
    interceptors,
    policy,
  );
  return {
    call: (message: object, facts = {}) => call(ChatService.method.chat, message, facts),
    lines,
    metrics,
    stats,
  };
}

test("a call that succeeds leaves one line and is counted once", async () => {
  const { call, lines, metrics, stats } = chained(async () => ({ response: "hi" }));
  const record = callRecord({ requestId: "req-7" });
  await call({ message: "hello" }, { record });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({
    level: "info",
    msg: "call",
    request_id: "req-7",
    procedure: "polygate.v1.ChatService/Chat",
    code: "OK",
  });
  const text = await metrics.registry.metrics();
  expect(text).toContain(
    'grpc_server_handled_total{grpc_service="polygate.v1.ChatService",grpc_method="Chat",grpc_type="unary",grpc_code="OK"} 1',
  );
  expect(stats.totals("method").get("polygate.v1.ChatService/Chat")).toMatchObject({
    requests: 1,
    errors: 0,
    inFlight: 0,
  });
});

test("limits hold where there are any, ahead of the rules for messages", async () => {
  const client = { requests: { capacity: 1, perSecond: 0.001 } };
  const limiter = new Limiter(
    { ...ownLimitsOnly, client },
    { store: new MemoryLimits(10, systemClock), clock: systemClock },
  );
  const { call } = chained(async () => ({}), {}, limiter);
  await call({ message: "hello" });
  expect(reasonOf(await rejection(call({})))).toBe("RATE_LIMITED");
});

test("the record says that the request became a call, whose line is the request's", async () => {
  const { call } = chained(async () => ({}));
  const record = callRecord();
  await call({ message: "hello" }, { record });
  expect(record.called).toBe(true);
});

test("a message against the rules is refused, naming each field, and counted", async () => {
  const { call, lines } = chained(async () => ({}));
  const error = await rejection(call({ message: "x", temperature: 3, maxTokens: 0 }));
  expect([error.code, reasonOf(error)]).toEqual([Code.InvalidArgument, "REQUEST_INVALID"]);
  const fields = error.findDetails(BadRequestSchema)[0]?.fieldViolations.map(({ field }) => field);
  expect(fields?.sort()).toEqual(["max_tokens", "temperature"]);
  expect(lines[0]).toMatchObject({ code: "INVALID_ARGUMENT", reason: "REQUEST_INVALID" });
});

test("a rule over several fields names the field at the head of its text", async () => {
  const error = await rejection(chained(async () => ({})).call({}));
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toMatchObject([
    { field: "message", description: "set message, or at least one entry of messages" },
  ]);
});

test("a bug becomes INTERNAL: its text is in the log and not in the answer", async () => {
  const { call, lines } = chained(async () => {
    throw new TypeError("secret detail of ours");
  });
  const error = await rejection(call({ message: "x" }));
  expect([error.code, error.rawMessage]).toEqual([Code.Internal, "internal error"]);
  expect(lines[0]).toMatchObject({ level: "error", reason: "INTERNAL" });
  expect(lines[0]?.error).toContain("secret detail of ours");
});

test("work past the time limit is told to stop and ends with DEADLINE_EXCEEDED", async () => {
  const { call } = chained(
    (_request, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      }),
  );
  const error = await rejection(call({ message: "x" }));
  expect([error.code, reasonOf(error)]).toEqual([Code.DeadlineExceeded, "DEADLINE_EXCEEDED"]);
});

test("a fault keeps its reason, code and details", async () => {
  const { call, lines } = chained(async () => {
    throw fault("POOL_EMPTY", "no core is healthy");
  });
  const error = await rejection(call({ message: "x" }));
  expect([error.code, error.rawMessage]).toEqual([Code.Unavailable, "no core is healthy"]);
  expect(lines[0]).toMatchObject({ level: "error", reason: "POOL_EMPTY", code: "UNAVAILABLE" });
});

test("a message with thousands of faults gets an answer that a client can read", async () => {
  const { call, lines } = chained(async () => ({}));
  const messages = Array.from({ length: 1000 }, () => ({ role: "nobody" }));
  const error = await rejection(call({ messages }));
  expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations).toHaveLength(16);
  expect(error.rawMessage.length).toBeLessThanOrEqual(1024);
  expect(JSON.stringify(lines[0]).length).toBeLessThan(8192);
});

test("what the caller did wrong is no failure of the gateway's", async () => {
  const { call, stats, metrics } = chained(async () => ({}));
  await rejection(call({}));
  expect(stats.totals("gateway").get("calls")).toMatchObject({ requests: 1, errors: 0 });
  expect(await metrics.registry.metrics()).toContain("ai_gateway_errors_total 0");
});
