/** To whoever is least busy. */

import type { Rng } from "#core/rng.ts";
import type { Balancer } from "#routing/candidate.ts";

/** Fewest calls in flight; among equals each is as likely as the others. */
export function leastConnections(rng: Rng): Balancer {
  return ([first, ...rest]) => {
    let best = first;
    let equals = 1;
    for (const candidate of rest) {
      if (candidate.inFlight > best.inFlight) continue;
      equals = candidate.inFlight < best.inFlight ? 1 : equals + 1;
      // The k-th equal takes over with chance 1/k, which leaves every one with the same chance.
      if (rng.next() * equals < 1) best = candidate;
    }
    return best.id;
  };
}
