/** The memory in which the threads of a process keep limits together: its layout, and the lock over it. */

import { hash, randomBytes } from "node:crypto";
import { LRUCache } from "lru-cache";

/** What is handed to each thread; the buffer is shared, and not copied. */
export interface LimitsMemory {
  readonly buffer: SharedArrayBuffer;
  /** Buckets of each kind, in sets of `ways`. */
  readonly buckets: number;
  /** Owners that may have calls in progress. */
  readonly places: number;
  /** Threads that may count calls in progress at one time. */
  readonly slots: number;
  /** Keeps who sends keys from knowing where they go. */
  readonly seed: string;
}

/** Entries among which one key may lie: the longest search. */
export const bucketWays = 8;
export const placeWays = 64;
/** Owners with calls in progress that find room. */
const placesMax = 65_536;
/** The lock, alone in its line of the processor's cache. */
const headBytes = 64;
/** Keys whose places a thread remembers. */
const keysMax = 16_384;

/** Bytes of one bucket: its key, what it holds, and when. */
const bucketBytes = 24;

/** Memory for `bucketsMax` buckets of each kind, with room to spare, since not every set fills up alike. */
export function createLimitsMemory(bucketsMax: number, slots: number): LimitsMemory {
  const buckets = Math.ceil((2 * bucketsMax) / bucketWays) * bucketWays;
  const bytes = headBytes + 2 * buckets * bucketBytes + placesMax * 4 * (2 + slots);
  return {
    buffer: new SharedArrayBuffer(bytes),
    ...{ buckets, slots, places: placesMax, seed: randomBytes(16).toString("hex") },
  };
}

/** Where the parts of the memory lie, in bytes. */
export function partsOf({ buffer, buckets, places, slots }: LimitsMemory) {
  const keysAt = headBytes;
  const valuesAt = keysAt + 2 * buckets * 8;
  const placesAt = valuesAt + 2 * buckets * 16;
  return {
    lock: new Int32Array(buffer, 0, 1),
    bucketKeys: new Int32Array(buffer, keysAt, 2 * buckets * 2),
    bucketValues: new Float64Array(buffer, valuesAt, 2 * buckets * 2),
    placeWords: new Int32Array(buffer, placesAt, places * (2 + slots)),
  };
}

/** A key as the memory has it; never all zero, which is an entry that nobody has used. */
export interface MemoryKey {
  readonly high: number;
  readonly low: number;
}

/** Makes keys of texts: 64 bits that nobody outside can foresee. */
export function memoryKeys(seed: string): (text: string) => MemoryKey {
  const known = new LRUCache<string, MemoryKey>({ max: keysMax });
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const digest = hash("sha256", `${seed} ${text}`, "buffer");
    const key = { high: digest.readInt32LE(0), low: digest.readInt32LE(4) | 1 };
    known.set(text, key);
    return key;
  };
}

/** Looks at a lock before it waits, and how long it waits for who holds it, in milliseconds. */
const looksMax = 200;
const waitMs = 0.1;

/** Runs `work` while no other thread does; `thread` counts from 1. */
export function locked<T>(lock: Int32Array, thread: number, work: () => T): T {
  for (let looks = 0; ; looks += 1) {
    const holder = Atomics.compareExchange(lock, 0, 0, thread);
    if (holder === 0) break;
    // Its holder has been taken off its processor.
    if (looks >= looksMax) Atomics.wait(lock, 0, holder, waitMs);
  }
  try {
    return work();
  } finally {
    Atomics.store(lock, 0, 0);
  }
}

/** Opens the lock of a thread that ended while it held it. */
export function unlock(lock: Int32Array, thread: number): void {
  Atomics.compareExchange(lock, 0, thread, 0);
}
