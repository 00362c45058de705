/** The space for short-lived objects: held down while a program loads, free to grow behind that, and used for all that calls make. */

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { collectAlone } from "#cli/loading-flags.ts";

const growing = `
import { getHeapSpaceStatistics } from "node:v8";
import { holdWhileLoading } from "#cli/loading-flags.ts";

const kept = [];
/** Megabytes of the space once many objects have been made that live. */
function afterAllocation() {
  for (let count = 0; count < 1_000_000; count += 1) kept.push({ count });
  const { space_size } = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return space_size / 2 ** 20;
}
const release = holdWhileLoading();
const held = afterAllocation();
release();
console.log(JSON.stringify({ held, released: afterAllocation() }));
`;

const calling = `
import { setImmediate } from "node:timers/promises";
import { keepCallsYoung } from "#cli/loading-flags.ts";

keepCallsYoung();
const make = (at) => ({ at, list: [at, [at]] });
const loaded = [];
const recent = Array(256).fill(null);
for (let at = 0; at < 600_000; at += 1) loaded.push(make(at));
await setImmediate();
console.log("calls");
let made = 0;
for (let round = 0; round < 40; round += 1) {
  for (let at = 0; at < 200_000; at += 1) {
    const one = make(at);
    // Others may see it, so that the compiler cannot leave it out.
    recent[at & 255] = one;
    made += one.list.length;
  }
  await setImmediate();
}
console.log(made);
`;

const hot = `
import { setImmediate } from "node:timers/promises";
import { holdWhileLoading } from "#cli/loading-flags.ts";

let hash = 7;
const mix = () => {
${"  hash = (hash * 31 + 11) % 1_000_003;\n".repeat(50)}
};
/** Many calls and turns of the event loop: 200 are enough for TurboFan, were it let. */
async function run(rounds) {
  for (let round = 0; round < rounds; round += 1) {
    for (let call = 0; call < 100; call += 1) mix();
    await setImmediate();
  }
}
const release = holdWhileLoading();
await run(200);
release();
console.log("released");
await run(200);
`;

/** What a program prints, run by itself. */
function printed(program: string, ...flags: string[]) {
  const args = [...flags, "-C", "source", "--input-type=module", "-e", program];
  return execFileSync(process.execPath, args, { encoding: "utf8" });
}

test("it does not grow until it is released, and grows then", () => {
  const { held, released } = JSON.parse(printed(growing));
  expect(held).toBeLessThanOrEqual(4);
  expect(released).toBeGreaterThanOrEqual(8);
});

test("what calls make is collected there, though what the same code made while loading lives on", () => {
  const [, calls = ""] = printed(calling, "--trace-gc").split("calls");
  // Among the old ones, none of the 8,000,000 objects would be.
  expect(calls.match(/Scavenge/g)?.length).toBeGreaterThan(10);
});

test("TurboFan compiles no function that loading calls; once it is over it soon does, those included", () => {
  const [held = "", released = ""] = printed(hot, "--trace-opt").split("released");
  expect(held).not.toContain("(target TURBOFAN");
  expect(released).toMatch(/mix .*\(target TURBOFAN/);
});

test("threads that help to collect are given up where they would share the one core, and nowhere else", () => {
  const flags: string[] = [];
  for (const cores of [1, 2, 8]) collectAlone(cores, (flag) => flags.push(`${cores}: ${flag}`));
  expect(flags).toEqual(["1: --no-parallel-scavenge"]);
});

test("V8 knows what is asked of it", () => {
  for (const flag of ["--no-parallel-scavenge", "--no-allocation-site-pretenuring"]) {
    expect(printed("console.log(1)", flag)).toBe("1\n");
  }
});
