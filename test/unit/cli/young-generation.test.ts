/** The space for short-lived objects: held down while a program loads, free to grow behind that. */

import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

const program = `
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

test("it does not grow until it is released, and grows then", () => {
  const args = ["-C", "source", "--input-type=module", "-e", program];
  const { held, released } = JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  expect(held).toBeLessThanOrEqual(4);
  expect(released).toBeGreaterThanOrEqual(8);
});
