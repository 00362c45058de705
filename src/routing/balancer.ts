/** The strategies by which a route chooses among the members that may be given a call. */

import type { Rng } from "#core/rng.ts";
import { leastConnections } from "./balancers/least-connections.ts";
import { roundRobin } from "./balancers/round-robin.ts";
import { weighted } from "./balancers/weighted.ts";
import type { Balancer } from "./candidate.ts";

/** Every strategy, by its name in configuration and metrics. */
export const algorithms = ["round_robin", "least_connections", "weighted"] as const;

/** A strategy. */
export type Algorithm = (typeof algorithms)[number];

/** A balancer of its own for one route. */
export function createBalancer(algorithm: Algorithm, rng: Rng): Balancer {
  switch (algorithm) {
    case "round_robin":
      return roundRobin();
    case "least_connections":
      return leastConnections(rng);
    case "weighted":
      return weighted();
  }
}
