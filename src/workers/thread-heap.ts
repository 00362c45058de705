/** How much heap each thread that serves calls may have: its share of what the process was given. */

import { getHeapStatistics, setFlagsFromString } from "node:v8";

const mebi = 1024 ** 2;
/** What V8 adds for short-lived objects to the size that a thread is given. */
const youngMiB = 96;
/** Less than this a gateway cannot start in. */
const leastMiB = 96;

/** MiB for the lasting objects of one thread: so many threads together have what the process alone could. */
export function heapMiBOf(workers: number, bytesMax = getHeapStatistics().heap_size_limit): number {
  return Math.max(leastMiB, Math.floor(bytesMax / workers / mebi) - youngMiB);
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
