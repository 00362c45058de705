/** How the break of a call is read. */

import { Code } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { errorOfBreak, Repeats } from "#grpc-client/break-status.ts";
import { GrpcError } from "#grpc-client/grpc-error.ts";
import { NotSentError, QueueFullError } from "#http2/client.ts";
import { errorCode } from "#http2/error-code.ts";
import { type Breaker, Stream } from "#http2/stream.ts";
import { StreamBrokenError } from "#http2/stream-error.ts";

function broken(brokenBy: Breaker, code: number, unprocessed = false): StreamBrokenError {
  return new StreamBrokenError(
    Object.assign(new Stream(1), { brokenBy, errorCode: code, unprocessed }),
  );
}

describe("a reset by the server", () => {
  const rows = [
    ["NO_ERROR", errorCode.noError, Code.Internal],
    ["PROTOCOL_ERROR", errorCode.protocolError, Code.Internal],
    ["INTERNAL_ERROR", errorCode.internalError, Code.Internal],
    ["FLOW_CONTROL_ERROR", errorCode.flowControlError, Code.Internal],
    ["SETTINGS_TIMEOUT", errorCode.settingsTimeout, Code.Internal],
    ["FRAME_SIZE_ERROR", errorCode.frameSizeError, Code.Internal],
    ["COMPRESSION_ERROR", errorCode.compressionError, Code.Internal],
    ["CONNECT_ERROR", errorCode.connectError, Code.Internal],
    ["REFUSED_STREAM", errorCode.refusedStream, Code.Unavailable],
    ["CANCEL", errorCode.cancel, Code.Canceled],
    ["ENHANCE_YOUR_CALM", errorCode.enhanceYourCalm, Code.ResourceExhausted],
    ["INADEQUATE_SECURITY", errorCode.inadequateSecurity, Code.PermissionDenied],
    ["a code without a name", 0xfe, Code.Internal],
  ] as const;
  test.each(rows)("%s", (_, code, expected) => {
    const error = errorOfBreak(broken("peer", code), {});
    expect([error.code, error.unprocessed]).toEqual([expected, false]);
  });
});

describe.each([
  ["a reset with CANCEL", broken("peer", errorCode.cancel)],
  ["the status CANCELLED", new GrpcError(Code.Canceled, "the operation was aborted")],
])("%s by the server", (_, cancel) => {
  test.each([
    [0, Code.DeadlineExceeded],
    [-10, Code.DeadlineExceeded],
    [-11, Code.Canceled],
  ])("%i ms after the deadline has the code %i", (lateMs, code) => {
    expect(errorOfBreak(cancel, { lateMs }).code).toBe(code);
  });

  test("of a call without a deadline is a cancellation", () => {
    expect(errorOfBreak(cancel, {}).code).toBe(Code.Canceled);
  });
});

test("another status stays what it is at the deadline", () => {
  const error = new GrpcError(Code.Unavailable, "away");
  expect(errorOfBreak(error, { lateMs: 0 })).toBe(error);
});

describe("what may be sent again", () => {
  const refused = broken("peer", errorCode.refusedStream, true);
  const rows = [
    { name: "a refused stream: once", thrown: refused, unprocessed: true, repeats: 1 },
    {
      name: "a connection that breaks above its GOAWAY's last stream: ten times",
      thrown: broken("connection", errorCode.noError, true),
      unprocessed: true,
      repeats: 10,
    },
    {
      name: "no connection: elsewhere",
      thrown: new NotSentError("the server cannot be reached"),
      unprocessed: true,
      repeats: 0,
    },
    {
      name: "a connection that breaks: perhaps processed",
      thrown: broken("connection", errorCode.noError),
      unprocessed: false,
      repeats: 0,
    },
  ] as const;
  test.each(rows)("$name", ({ thrown, unprocessed, repeats }) => {
    const error = errorOfBreak(thrown, {});
    expect(error.code).toBe(Code.Unavailable);
    expect(error.unprocessed).toBe(unprocessed);
    const repeated = new Repeats();
    let count = 0;
    while (repeated.allow(thrown)) count += 1;
    expect(count).toBe(repeats);
  });
});

test("a refusal counts for itself, however many connections went away before", () => {
  const repeats = new Repeats();
  const away = broken("connection", errorCode.refusedStream, true);
  const refused = broken("peer", errorCode.refusedStream, true);
  expect([away, away, refused, away, refused].map((thrown) => repeats.allow(thrown))).toEqual([
    ...[true, true, true, true, false],
  ]);
});

test("more calls than may wait are too many, not a server that is away", () => {
  const error = errorOfBreak(new QueueFullError("full"), {});
  expect([error.code, error.unprocessed]).toEqual([Code.ResourceExhausted, true]);
});

test("an aborted call ends for its signal's reason, whatever the wire said", () => {
  const reset = broken("us", errorCode.cancel);
  const left = AbortSignal.abort();
  const late = AbortSignal.abort(new DOMException("", "TimeoutError"));
  expect(errorOfBreak(reset, { signal: left }).code).toBe(Code.Canceled);
  expect(errorOfBreak(reset, { signal: late }).code).toBe(Code.DeadlineExceeded);
});

test("an error with a status keeps it; a bug of ours is INTERNAL, its text kept for the log", () => {
  const told = new GrpcError(Code.NotFound, "gone");
  expect(errorOfBreak(told, {})).toBe(told);
  const bug = new TypeError("secret is not a function");
  const error = errorOfBreak(bug, {});
  expect([error.code, error.cause]).toEqual([Code.Internal, bug]);
  expect(error.message).not.toContain("secret");
});
