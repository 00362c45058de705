/** When a failed call may be tried again at all. */

import { expect, test } from "vitest";
import { type FailedCall, mayRetry, mayWait, type Pause } from "#routing/retry.ts";

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

const pauses: readonly [string, Partial<Pause>, boolean][] = [
  ["ten seconds may be waited for", { pauseMs: 10_000 }, true],
  ["more may not", { pauseMs: 10_001 }, false],
  ["what was waited before counts", { pauseMs: 4_000, waitedMs: 6_000 }, true],
  ["what was waited before counts to the millisecond", { pauseMs: 4_000, waitedMs: 6_001 }, false],
  ["a pause that leaves time may be made", { pauseMs: 100, timeLeftMs: 101 }, true],
  ["a pause up to the deadline is for nothing", { pauseMs: 100, timeLeftMs: 100 }, false],
];
test.each(pauses)("%s", (_, more, expected) => {
  const pause = { pauseMs: 0, waitedMs: 0, timeLeftMs: undefined };
  expect(mayWait({ ...pause, ...more })).toBe(expected);
});
