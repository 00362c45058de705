/** What of a call goes on the wire ahead of its messages. */

import { Code } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { ActiveCall, requestFields, timeoutText } from "#grpc-client/call.ts";
import { grpcTimeout } from "#protocol/timeout.ts";
import { createManualClock } from "../../support/manual-clock.ts";

const timeouts = [
  [0.2, "1m"],
  [1, "1m"],
  [299.3, "300m"],
  [99_999_999, "99999999m"],
  [100_000_000, "100000S"],
  [1e11, "1666667M"],
  [1e16, "99999999H"],
] as const;
test.each(timeouts)("%d ms is written as %s, never less", (timeoutMs, text) => {
  expect(timeoutText(timeoutMs)).toBe(text);
  expect(grpcTimeout.timeoutMs(text)).toBeGreaterThanOrEqual(Math.min(timeoutMs, 0x7fff_ffff));
});

test("gRPC's fields are the gateway's, metadata in its order behind them", () => {
  const metadata = [
    ["X-B", "2"],
    ["te", "gzip"],
    ["grpc-timeout", "1H"],
    ["Content-Type", "text/plain"],
    [":path", "/"],
    ["user-agent", "mine"],
    ["x-a-bin", "AAE"],
    ["x-b", "3"],
  ] as const;
  const fields = requestFields({ metadata, timeoutMs: 20, encoding: "gzip" });
  expect(fields[0]).toEqual(["grpc-timeout", "20m"]);
  expect(fields.slice(1, 6).map(([name]) => name)).toEqual([
    "te",
    "content-type",
    "user-agent",
    "grpc-accept-encoding",
    "grpc-encoding",
  ]);
  expect(fields.slice(6)).toEqual([
    ["x-b", "2"],
    ["x-a-bin", "AAE"],
    ["x-b", "3"],
  ]);
});

const over = [
  { name: "no time is left", options: { timeoutMs: 0 }, code: Code.DeadlineExceeded },
  { name: "the caller is gone", options: { signal: AbortSignal.abort() }, code: Code.Canceled },
] as const;
test.each(over)("a call is over before it begins when $name", ({ options, code }) => {
  expect(() => new ActiveCall(options)).toThrow(expect.objectContaining({ code }));
});

test("a call's deadline passes by the clock of its channel", async () => {
  const clock = createManualClock();
  using call = new ActiveCall({ timeoutMs: 1_000 }, clock);
  await clock.advance(999);
  expect(call.signal?.aborted).toBe(false);
  await clock.advance(1);
  expect(call.signal?.reason).toMatchObject({ name: "TimeoutError" });
  expect(call.errorOf(call.signal?.reason).code).toBe(Code.DeadlineExceeded);
});

test("a server may be offered no coding at all, whatever else is told", () => {
  for (const more of [{}, { timeoutMs: 20 }]) {
    const names = (wantsPlain: boolean) =>
      requestFields({ ...more, wantsPlain }).map(([name]) => name);
    expect(names(false)).toContain("grpc-accept-encoding");
    expect(names(true)).toEqual(names(false).filter((name) => name !== "grpc-accept-encoding"));
  }
});
