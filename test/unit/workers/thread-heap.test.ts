/** How much heap a thread may have, whatever the process was started with. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { heapOf } from "#workers/thread-heap.ts";

/** Tells the bounds of this thread, and of one that was given 100 MiB. */
const program = `
import { Worker } from "node:worker_threads";
import { boundThreadsAlone } from "#workers/thread-heap.ts";
boundThreadsAlone();
const tell = "console.log(process.getBuiltinModule('node:v8').getHeapStatistics().heap_size_limit)";
eval(tell);
new Worker(tell, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 100 } });
`;

test.each(["--max-old-space-size=1000", "--max-old-space-size-percentage=60"])(
  "a thread keeps to its share of the heap with %s, and the main thread has the whole",
  async (flag) => {
    const args = [flag, "-C", "source", "--input-type=module", "--eval", program];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const [main = 0, thread = 0] = stdout.trim().split("\n").map(Number);
    expect(main).toBeGreaterThanOrEqual(1000 * 1024 ** 2);
    expect(thread).toBeLessThan(256 * 1024 ** 2);
  },
);

test("threads together have what the process alone could have, but none less than it starts in", () => {
  const mebi = 1024 ** 2;
  const bounds = (old: number, young: number) => ({
    maxOldGenerationSizeMb: old,
    maxYoungGenerationSizeMb: young,
  });
  expect(heapOf(2, 1_000 * mebi)).toEqual(bounds(404, 96));
  expect(heapOf(2, 352 * mebi)).toEqual(bounds(152, 24));
  expect(heapOf(4, 100 * mebi)).toEqual(bounds(96, 24));
});
