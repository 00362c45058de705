/** A limit that a call has met is named by its setting, once, and nothing else about the failure changes. */

import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { fault, infoMetadataOf, reasonOf, retryAfterMsFrom } from "#errors/fault.ts";
import { withLimitSetting } from "#interceptors/limit-setting.ts";

const tooLarge = (bytes: number) =>
  fault("BODY_TOO_LARGE", "too large", { metadata: { limit_bytes: String(bytes) } });

test.each([
  ["limit_bytes", "20", "max_request_size"],
  ["limit_elements", "20", "max_request_elements"],
  ["limit", "buffers", "buffer_limit"],
])("%s is set by %s", (fact, value, setting) => {
  const met = fault("OVERLOADED", "no more", { retryAfterMs: 50, metadata: { [fact]: value } });
  const error = withLimitSetting(met);
  expect(error.rawMessage).toBe(`no more (${setting})`);
  expect(infoMetadataOf(error)).toEqual({ [fact]: value, setting: `gateway.${setting}` });
  expect([error.code, reasonOf(error), retryAfterMsFrom(error)]).toEqual([
    met.code,
    "OVERLOADED",
    50,
  ]);
});

test("a file's limit is max_file_size where it is another than that of every body", () => {
  expect(withLimitSetting(tooLarge(50), { fileBytesMax: 50 }).rawMessage).toBe(
    "too large (max_file_size)",
  );
  expect(withLimitSetting(tooLarge(20), { fileBytesMax: 50 }).rawMessage).toBe(
    "too large (max_request_size)",
  );
  expect(infoMetadataOf(withLimitSetting(tooLarge(50), { fileBytesMax: 50 })).setting).toBe(
    "gateway.max_file_size",
  );
});

test("a failure that met no limit, and one whose setting is named already, stay as they are", () => {
  const named = withLimitSetting(tooLarge(20));
  for (const error of [
    new ConnectError("lost", Code.Unavailable),
    fault("RATE_LIMITED", "slow down", { metadata: { other: "1" } }),
    named,
  ]) {
    expect(withLimitSetting(error, { fileBytesMax: 20 })).toBe(error);
  }
});
