/** A thread that takes from limits in shared memory as fast as it can, and tells how much it got. */

import { parentPort, workerData } from "node:worker_threads";
import { SharedBuckets } from "#limits/shared-buckets.ts";
import type { LimitsMemory } from "#limits/shared-memory.ts";
import { SharedPlaces } from "#limits/shared-places.ts";

/** What a taker is told. */
export interface TakerData {
  readonly memory: LimitsMemory;
  readonly thread: number;
  readonly calls: number;
  /** What two buckets hold, and the places of one owner. */
  readonly capacity: number;
  readonly placesMax: number;
}

/** What it got. */
export interface Taken {
  readonly granted: number;
  readonly places: number;
}

const { memory, thread, calls, capacity, placesMax }: TakerData = workerData;
const store = new SharedBuckets(memory, { thread, clock: { nowMs: () => 0 } });
const own = new SharedPlaces(memory, thread);
const limits = { capacity, perSecond: 1 };
let granted = 0;
let places = 0;
for (let call = 0; call < calls; call += 1) {
  const asks = ["a", "b"].map((key) => ({ key, limits, cost: 1 }));
  if (store.reserve(asks).waitMs === 0) granted += 1;
  if (own.take("owner", placesMax)) places += 1;
}
// Keeps its places until it is ended.
parentPort?.on("message", () => {});
parentPort?.postMessage({ granted, places } satisfies Taken);
