/** Which thread gets a connection: the one with fewest of them, then the one with fewest requests. Pure. */

/** What a thread has to do. */
export interface ThreadLoad {
  readonly connections: number;
  /** Requests in progress, as they were a moment ago. */
  readonly requests: number;
}

/** The place of the thread that has least to do, the first of equals; undefined where there is none. */
export function leastLoaded(loads: readonly ThreadLoad[]): number | undefined {
  let best: number | undefined;
  for (const [place, load] of loads.entries()) {
    const before = best === undefined ? undefined : loads[best];
    if (before === undefined || isLess(load, before)) best = place;
  }
  return best;
}

function isLess(one: ThreadLoad, other: ThreadLoad): boolean {
  if (one.connections !== other.connections) return one.connections < other.connections;
  return one.requests < other.requests;
}
