/** To whoever is least busy. */

import type { Rng } from "#core/rng.ts";
import type { Balancer } from "#routing/candidate.ts";

/** The one with the fewest calls in flight; among equals each is as likely as the others. `all` is not empty. */
export function leastBusy<T>(all: readonly T[], inFlightOf: (one: T) => number, rng: Rng): T {
  let best = all[0] as T;
  let least = Number.POSITIVE_INFINITY;
  let equals = 0;
  for (const one of all) {
    const inFlight = inFlightOf(one);
    if (inFlight > least) continue;
    equals = inFlight < least ? 1 : equals + 1;
    least = inFlight;
    // The k-th equal takes over with chance 1/k, which leaves every one with the same chance.
    if (equals === 1 || rng.next() * equals < 1) best = one;
  }
  return best;
}

/** Fewest calls in flight, drawn among equals. */
export function leastConnections(rng: Rng): Balancer {
  return (candidates) => leastBusy(candidates, ({ inFlight }) => inFlight, rng).id;
}
