/** Chooses the member with the fewest calls. */

import type { Rng } from "#core/rng.ts";
import type { Balancer } from "#routing/candidate.ts";

/** The member with the fewest calls in flight; among equals, one at random. `all` is not empty. */
export function leastBusy<T>(all: readonly T[], inFlightOf: (one: T) => number, rng: Rng): T {
  let best = all[0] as T;
  let least = Number.POSITIVE_INFINITY;
  let equals = 0;
  for (const one of all) {
    const inFlight = inFlightOf(one);
    if (inFlight > least) continue;
    equals = inFlight < least ? 1 : equals + 1;
    least = inFlight;
    // The k-th of the equals replaces the choice with probability 1/k: in the end all are equally likely.
    if (equals === 1 || rng.next() * equals < 1) best = one;
  }
  return best;
}

/** Fewest calls in flight; at random among equals. */
export function leastConnections(rng: Rng): Balancer {
  return (candidates) => leastBusy(candidates, ({ inFlight }) => inFlight, rng).id;
}
