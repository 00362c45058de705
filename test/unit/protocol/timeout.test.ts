import { describe, expect, test } from "vitest";
import { connectTimeout, grpcTimeout, timeoutMsMax } from "#protocol/timeout.ts";

describe("grpc-timeout", () => {
  test.each([
    ["1H", 3_600_000],
    ["2M", 120_000],
    ["3S", 3000],
    ["4m", 4],
    ["5000u", 5],
    ["6000000n", 6],
    ["0m", 0],
    ["99999999H", timeoutMsMax],
  ])("%s is %d ms", (text, timeoutMs) => {
    expect(grpcTimeout.timeoutMs(text)).toBeCloseTo(timeoutMs);
  });

  test.each(["", "1", "S", "123456789m", "-1m", "1.5S", "1s", " 1S", "1S ", "١S"])(
    "%j does not read",
    (text) => expect(grpcTimeout.timeoutMs(text)).toBeUndefined(),
  );
});

describe("connect-timeout-ms", () => {
  test.each([
    ["0", 0],
    ["250", 250],
    ["9999999999", timeoutMsMax],
  ])("%s is %d ms", (text, timeoutMs) => {
    expect(connectTimeout.timeoutMs(text)).toBe(timeoutMs);
  });

  test.each(["", "12345678901", "-1", "1.5", "1e3", " 1", "0x10"])("%j does not read", (text) =>
    expect(connectTimeout.timeoutMs(text)).toBeUndefined(),
  );
});
