/** How much heap each thread that serves calls may have: its share of what the process was given. */

import { getHeapStatistics, setFlagsFromString } from "node:v8";

const mebi = 1024 ** 2;
/** What V8 would give a thread for short-lived objects. */
const youngMiBUsual = 96;
/**
 * What a thread has for them whose share is less than four times the usual. A thread at its bound is
 * ended as long as V8 finds 16 MiB more for it; where one collection moves more than that out of the
 * space for short-lived objects, V8 ends the process instead.
 */
const youngMiBOfFew = 24;
/** Less than this a gateway cannot start in. */
const oldMiBLeast = 96;

/** Bounds of the heap of one thread, so that so many together have what the process alone could. */
export function heapOf(workers: number, bytesMax = getHeapStatistics().heap_size_limit) {
  const shareMiB = Math.floor(bytesMax / workers / mebi);
  const youngMiB = shareMiB < 4 * youngMiBUsual ? youngMiBOfFew : youngMiBUsual;
  return {
    maxOldGenerationSizeMb: Math.max(oldMiBLeast, shareMiB - youngMiB),
    maxYoungGenerationSizeMb: youngMiB,
  };
}

/**
 * Has each thread that starts from now on keep to the heap that it is given. V8 reads
 * `--max-old-space-size`, which `--max-old-space-size-percentage` sets as well, for every heap that it
 * makes, in preference to what is asked for a thread: each would have as much as the whole process. The
 * heap of the main thread exists already, and keeps its bound.
 */
export function boundThreadsAlone(): void {
  setFlagsFromString("--max-old-space-size=0");
}
