/** When a failed call may be tried elsewhere. */

import { expect, test } from "vitest";
import { fault } from "#errors/fault.ts";
import type { Reason } from "#errors/reason.ts";
import { type FailedCall, mayRetry } from "#routing/retry.ts";

const retryAttempts = 2;

const rows: readonly [string, Reason, Partial<FailedCall>, boolean][] = [
  ["a lost backend is left for another", "BACKEND_LOST", {}, true],
  ["a backend that broke is left for another", "BACKEND_FAILED", {}, true],
  ["an overloaded backend is left for another", "OVERLOADED", {}, true],
  ["a backend that ran out of its own time is left for another", "BACKEND_TIMEOUT", {}, true],
  ["a refusal would be the same elsewhere", "BACKEND_REFUSED", {}, false],
  ["an invalid request would be the same elsewhere", "REQUEST_INVALID", {}, false],
  ["a bug of ours is not spread over endpoints", "INTERNAL", {}, false],
  ["the last retry is the last", "BACKEND_LOST", { attempts: 3 }, false],
  ["the retry before it is not", "BACKEND_LOST", { attempts: 2 }, true],
  ["what was given cannot be taken back", "BACKEND_LOST", { committed: true }, false],
  ["nobody waits for an aborted call", "BACKEND_LOST", { aborted: true }, false],
  ["no time is left", "BACKEND_LOST", { timeLeftMs: 0 }, false],
  ["a little time is left", "BACKEND_LOST", { timeLeftMs: 0.5 }, true],
];
test.each(rows)("%s", (_, reason, more, expected) => {
  const failed = { error: fault(reason, ""), attempts: 1, committed: false, aborted: false };
  expect(mayRetry({ ...failed, ...more }, retryAttempts)).toBe(expected);
});
