/** When a failed call may be tried again at all. */

import { expect, test } from "vitest";
import { type FailedCall, mayRetry } from "#routing/retry.ts";

const retryAttempts = 2;

const rows: readonly [string, Partial<FailedCall>, boolean][] = [
  ["the first failure may be retried", {}, true],
  ["the last retry is the last", { attempts: 3 }, false],
  ["the retry before it is not", { attempts: 2 }, true],
  ["what was given cannot be taken back", { committed: true }, false],
  ["nobody waits for an aborted call", { aborted: true }, false],
  ["no time is left", { timeLeftMs: 0 }, false],
  ["a little time is left", { timeLeftMs: 0.5 }, true],
];
test.each(rows)("%s", (_, more, expected) => {
  const failed = { attempts: 1, committed: false, aborted: false };
  expect(mayRetry({ ...failed, ...more }, retryAttempts)).toBe(expected);
});
