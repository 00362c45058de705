/** How the end of a call to a core is named. */

import { create, toBinary } from "@bufbuild/protobuf";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { faultFromStatus } from "#backends/polyagent/status.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "#gen/google/rpc/error_details_pb.js";
import { StatusSchema } from "#gen/google/rpc/status_pb.js";

const inside = "connect ECONNREFUSED 10.0.0.7:8001 /srv/core.py";
const open = { signal: new AbortController().signal };

function status(code: number, message = inside, details?: Uint8Array) {
  return { code, message, details };
}

describe("a code of the core becomes", () => {
  const rows = [
    [Code.Unavailable, "BACKEND_LOST", Code.Unavailable],
    [Code.Canceled, "BACKEND_LOST", Code.Unavailable],
    [Code.ResourceExhausted, "OVERLOADED", Code.ResourceExhausted],
    [Code.DeadlineExceeded, "BACKEND_TIMEOUT", Code.DeadlineExceeded],
    [Code.Unknown, "BACKEND_FAILED", Code.Internal],
    [Code.Internal, "BACKEND_FAILED", Code.Internal],
    [Code.DataLoss, "BACKEND_FAILED", Code.Internal],
    [Code.Aborted, "BACKEND_FAILED", Code.Internal],
    [99, "BACKEND_FAILED", Code.Internal],
    [0, "BACKEND_FAILED", Code.Internal],
    [Code.Unauthenticated, "BACKEND_UNAUTHENTICATED", Code.FailedPrecondition],
    [Code.PermissionDenied, "BACKEND_UNAUTHENTICATED", Code.FailedPrecondition],
  ] as const;
  test.each(rows)("code %d: %s, without the core's words", (from, reason, code) => {
    const error = faultFromStatus(status(from), open);
    expect([reasonOf(error), error.code]).toEqual([reason, code]);
    expect(error.message).not.toMatch(/10\.0\.0\.7|srv|ECONN/);
    expect(error.cause).toMatchObject({ message: inside });
  });
});

test.each([
  Code.InvalidArgument,
  Code.NotFound,
  Code.AlreadyExists,
  Code.FailedPrecondition,
  Code.OutOfRange,
  Code.Unimplemented,
])("a refusal with code %d keeps its code and the core's words", (code) => {
  const error = faultFromStatus(status(code, "temperature is above 2"), open);
  expect(reasonOf(error)).toBe("BACKEND_REFUSED");
  expect(error.code).toBe(code);
  expect(error.rawMessage).toBe("temperature is above 2");
});

test.each<[Code, string]>([
  [Code.Unavailable, "the core cannot be reached"],
  [Code.Canceled, "the core dropped the call"],
  [Code.DeadlineExceeded, "the core ran out of time"],
  [Code.ResourceExhausted, "the core is overloaded"],
  [Code.PermissionDenied, "the core does not admit the gateway"],
  [Code.Internal, "the core failed"],
])("code %d has words of ours, and a cause where the core gave no words", (code, words) => {
  const error = faultFromStatus({ code }, open);
  expect(error.rawMessage).toBe(words);
  expect(error.cause).toEqual(new Error(`gRPC status ${code}`));
});

test("what the wire threw is the cause itself", () => {
  const thrown = Object.assign(new Error("reset"), { code: Code.Unavailable });
  expect(faultFromStatus(thrown, open).cause).toBe(thrown);
});

test("a deadline that travelled with the call is the caller's", () => {
  const error = faultFromStatus(status(Code.DeadlineExceeded), { ...open, timeoutMs: 50 });
  expect(reasonOf(error)).toBe("DEADLINE_EXCEEDED");
});

describe("an aborted call ends for the signal's reason, whatever the wire said", () => {
  const own = fault("SHUTTING_DOWN", "the gateway stops");
  const rows = [
    ["an abort", undefined, "CANCELLED"],
    ["a time-out", new DOMException("", "TimeoutError"), "DEADLINE_EXCEEDED"],
    ["a fault of ours", own, "SHUTTING_DOWN"],
  ] as const;
  test.each(rows)("%s", (_, reason, expected) => {
    const signal = AbortSignal.abort(reason);
    expect(reasonOf(faultFromStatus(status(Code.Unavailable), { signal }))).toBe(expected);
  });
});

describe("sizes", () => {
  const rows = [
    ["Received message larger than max (90 vs 10)", "BACKEND_FAILED"],
    ["Received message that decompresses to a size larger than 10", "BACKEND_FAILED"],
    ["message size 90 is larger than configured readMaxBytes 10", "BODY_TOO_LARGE"],
  ] as const;
  test.each(rows)("%s", (details, reason) => {
    const error = faultFromStatus(status(Code.ResourceExhausted, details), open);
    expect(reasonOf(error)).toBe(reason);
  });
});

describe("details", () => {
  const packed = (...details: Any[]) => toBinary(StatusSchema, create(StatusSchema, { details }));
  const info = (domain: string) =>
    anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason: "MODEL_UNKNOWN", domain }));

  test("a reason of ours and the fields at fault are kept", () => {
    const bad = create(BadRequestSchema, { fieldViolations: [{ field: "model" }] });
    const details = packed(info("polygate"), anyPack(BadRequestSchema, bad));
    const error = faultFromStatus(status(Code.NotFound, "no such model", details), open);
    expect(reasonOf(error)).toBe("MODEL_UNKNOWN");
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("model");
  });

  test("a reason of another domain is not ours", () => {
    const error = faultFromStatus(status(Code.NotFound, "", packed(info("example"))), open);
    expect(reasonOf(error)).toBe("BACKEND_REFUSED");
    expect(error.rawMessage).toBe("the core refused the request");
  });

  test.each([Code.ResourceExhausted, Code.Unavailable])(
    "when to come back is kept with code %d",
    (code) => {
      const retry = create(RetryInfoSchema, { retryDelay: { seconds: 1n, nanos: 5e8 } });
      const details = packed(anyPack(RetryInfoSchema, retry));
      const error = faultFromStatus(status(code, "", details), open);
      const [told] = error.findDetails(RetryInfoSchema);
      expect(told?.retryDelay).toMatchObject({ seconds: 1n, nanos: 5e8 });
    },
  );

  test("details that are no message take nothing from the status", () => {
    const details = Buffer.from([0xff, 0xff, 0xff]);
    const error = faultFromStatus(status(Code.NotFound, "gone", details), open);
    expect([reasonOf(error), error.rawMessage]).toEqual(["BACKEND_REFUSED", "gone"]);
  });
});
