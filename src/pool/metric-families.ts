/** The metrics of endpoints: their health, and when they are given no calls. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function poolFamilies({ counter, gauge }: Makers) {
  return {
    coreHealth: gauge("core_health_status", "1 while the core has this status.", [
      "core_id",
      "status",
    ]),
    coreResponse: gauge("core_response_time_ms", "Time of the core's last health response.", [
      "core_id",
    ]),
    balancerEjections: counter(
      "load_balancer_ejections_total",
      "Times that an endpoint was given no calls for a while: calls failed (failures), or it asked for that (retry_after).",
      ["core", "cause"],
    ),
  };
}

/** The registered metrics. */
export type PoolMetrics = ReturnType<typeof poolFamilies>;
