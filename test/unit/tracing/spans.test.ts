/** What spans say of a call, by the conventions, and what bounds them. */

import { fromBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { RandomIds } from "#core/random-ids.ts";
import { ScopeSpansSchema } from "#gen/opentelemetry/proto/trace/v1/trace_pb.js";
import type { CallOutcome, CallRecord } from "#observability/call-record.ts";
import { ServerSpan } from "#observability/server-span.ts";
import { Attributes } from "#tracing/attributes.ts";
import { encodedSpans } from "#tracing/export-request.ts";
import { spansOf } from "#tracing/spans.ts";
import { attributesOf } from "../../support/collector-double.ts";

const trace = (contentType?: string) =>
  new ServerSpan(
    { traceId: "a".repeat(32), spanId: "b".repeat(16) },
    {
      state: undefined,
      start: { ids: new RandomIds("", 16), path: "/path", isEncrypted: true, contentType },
    },
  );

function spans(record: Partial<CallRecord>, outcome: Partial<CallOutcome> = {}) {
  const whole: CallRecord = {
    requestId: "req_1",
    listener: "gateway",
    port: 8080,
    clientAddress: "192.0.2.1",
    httpMethod: "POST",
    httpVersion: "2",
    startMs: 1_000,
    endpoint: "/a/{b}",
    status: 200,
    called: true,
    trace: trace("application/grpc"),
    ...record,
  };
  const procedure = "polygate.v1.ChatService/Chat";
  const end: CallOutcome = { procedure, code: "OK", level: "info", ...outcome };
  return spansOf({ record: whole, outcome: end, elapsedMs: 12.5, epochMs: 1_700_000_000_000 });
}

test.each([
  { code: "OK", failed: false },
  { code: "INVALID_ARGUMENT", failed: false },
  { code: "CANCELLED", failed: false },
  { code: "INTERNAL", failed: true },
  { code: "UNAVAILABLE", failed: true },
  { code: "DEADLINE_EXCEEDED", failed: true },
])("a call by gRPC that ends with $code has failed: $failed", ({ code, failed }) => {
  const [span] = spans({ surface: "rpc" }, { code });
  expect(span?.status?.code === 2).toBe(failed);
  const attributes = attributesOf(span?.attributes ?? []);
  expect(attributes).toMatchObject({ "rpc.system.name": "grpc", "rpc.status_code": code });
  expect(attributes["error.type"]).toBe(code === "OK" ? undefined : code);
});

test("Connect's codes are its own", () => {
  const connect = { surface: "rpc", trace: trace("application/proto") };
  const [span] = spans(connect, { code: "CANCELLED" });
  expect(attributesOf(span?.attributes ?? [])).toMatchObject({
    "rpc.system.name": "connectrpc",
    "rpc.status_code": "canceled",
    "error.type": "canceled",
  });
});

test("over HTTP a span is named after its route, and a status from 500 on is a failure", () => {
  for (const [status, failed] of [
    [200, false],
    [404, false],
    [503, true],
  ] as const) {
    const [span] = spans({ surface: "rest", status });
    expect(span?.name).toBe("POST /a/{b}");
    expect(span?.status?.code === 2).toBe(failed);
  }
});

test("times are those of the wall, exact to the microsecond", () => {
  const [span] = spans({ surface: "rpc" });
  expect(span?.startTimeUnixNano).toBe(1_700_000_001_000_000_000n);
  expect(span?.endTimeUnixNano).toBe(1_700_000_001_012_500_000n);
});

test("what is not sampled has no span", () => {
  const names = { traceId: "a".repeat(32), spanId: "b".repeat(16) };
  const unsampled = new ServerSpan(names, { state: undefined });
  expect(spans({ trace: unsampled })).toEqual([]);
  expect(unsampled.try()).toBe(unsampled);
});

test("texts and the number of attributes are bounded", () => {
  const long = "x".repeat(100_000);
  const about = { pool: "p", endpoint: "e", algorithm: "local", outcome: "OK" };
  const one = { ...about, model: long, startedMs: 1_000, elapsedMs: 1 };
  const tries = Array.from({ length: 100 }, () => one);
  const encoded = encodedSpans(spans({ surface: "rest", model: long, requestId: long, tries }));
  expect(encoded.length).toBeLessThan(100_000);
  expect(fromBinary(ScopeSpansSchema, encoded).spans).toHaveLength(101);
  const attributes = new Attributes();
  for (let at = 0; at < 70; at += 1) attributes.text(`name-${at}`, "value");
  expect([attributes.list.length, attributes.dropped]).toEqual([64, 6]);
});
