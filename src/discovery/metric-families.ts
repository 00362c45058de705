/** The metrics of endpoints that names tell. */

import type { Makers } from "#observability/metric-makers.ts";

const labels = ["pool", "source", "name"] as const;

/** Registers the metrics of this room. */
export function discoveryFamilies({ gauge }: Makers) {
  return {
    discoveredEndpoints: gauge(
      "discovery_endpoints",
      "Endpoints of a pool that a name in DNS or Kubernetes (source) tells.",
      [...labels],
      "max",
    ),
    discoveryFailing: gauge(
      "discovery_failing",
      "1 while nobody tells the endpoints of a name, and those known last stay.",
      [...labels],
      "max",
    ),
  };
}
