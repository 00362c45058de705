/** What a call may take in memory, promises, timers and system calls, and that its code is compiled: without a clock. */

import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { type CallPath, type Counts, callBudgets } from "../../bench/support/call-budgets.ts";
import { countsOf } from "../../bench/support/call-counts.ts";
import { slowCodeOfHop } from "../../bench/support/slow-code.ts";
import { testWith } from "../support/needs.ts";

/** Linux alone counts the system calls of a process. */
const counted = testWith(
  existsSync("/proc/self/io") ? undefined : "the system does not count system calls",
);
/** Servers start, and code is compiled, on however busy a machine. */
const timeout = 180_000;

for (const path of Object.keys(callBudgets) as CallPath[]) {
  counted(`${path} stays within its budget of counts a call`, { timeout }, async () => {
    const counts = await countsOf(path);
    const exceeded = (Object.keys(counts) as (keyof Counts)[]).filter(
      (name) => !(counts[name] <= callBudgets[path][name]),
    );
    expect({ counts, exceeded }).toEqual({ counts, exceeded: [] });
    // A count of nothing would pass as well: each call makes objects.
    expect(counts.bytes).toBeGreaterThan(callBudgets[path].bytes / 4);
  });
}

/** Loops over the texts of headers: they run while the program loads, and for each field of each call. */
const hotFunctions = ["isFieldValue", "consistsOf"];

test("of a hop that is warm, what runs is compiled: no function stays in the interpreter", {
  timeout,
}, async () => {
  const { samples, share, functions, optimized } = await slowCodeOfHop(hotFunctions);
  expect(samples).toBeGreaterThan(50);
  expect(optimized).toEqual(hotFunctions);
  expect({ share: share < 0.1, worst: functions.slice(0, 5) }).toMatchObject({ share: true });
});
