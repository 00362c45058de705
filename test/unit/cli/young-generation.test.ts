/** The space for short-lived objects: held down while a program loads, free to grow behind that, and used for all that calls make. */

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const growing = `
import { getHeapSpaceStatistics } from "node:v8";
import { holdYoungGeneration } from "#cli/young-generation.ts";

const kept = [];
/** Megabytes of the space once many objects have been made that live. */
function afterAllocation() {
  for (let count = 0; count < 1_000_000; count += 1) kept.push({ count });
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return space_size / 2 ** 20;
}
const release = holdYoungGeneration();
const held = afterAllocation();
release();
console.log(JSON.stringify({ held, released: afterAllocation() }));
`;

const calling = `
import { constants, PerformanceObserver } from "node:perf_hooks";
import { setImmediate } from "node:timers/promises";
import { keepCallsYoung } from "#cli/young-generation.ts";

keepCallsYoung();
let young = 0;
const count = (list) => {
  for (const { detail } of list.getEntries()) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) young += 1;
  }
};
const observer = new PerformanceObserver(count);
observer.observe({ entryTypes: ["gc"] });

const make = (at) => ({ at, list: [at, [at]] });
const loaded = [];
for (let at = 0; at < 600_000; at += 1) loaded.push(make(at));
await setImmediate();
observer.takeRecords();
young = 0;
let made = 0;
for (let round = 0; round < 40; round += 1) {
  for (let at = 0; at < 200_000; at += 1) {
    // Told to others: what nobody else sees the compiler need not make at all.
    globalThis.last = make(at);
    made += globalThis.last.list.length;
  }
  await setImmediate();
}
count({ getEntries: () => observer.takeRecords() });
console.log(JSON.stringify({ young, made }));
`;

/** What a program prints, run by itself. */
function printed(program: string) {
  const args = ["-C", "source", "--input-type=module", "-e", program];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
}

test("it does not grow until it is released, and grows then", () => {
  const { held, released } = printed(growing);
  expect(held).toBeLessThanOrEqual(4);
  expect(released).toBeGreaterThanOrEqual(8);
});

test("what calls make is collected there, though what the same code made while loading lives on", () => {
  // Without the flag it is 0: all 8,000,000 objects lie among the old ones.
  expect(printed(calling).young).toBeGreaterThan(0);
});
