/** The metrics of endpoints: their health, and when they are given no calls. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function poolFamilies({ counter, gauge, seconds }: Makers) {
  return {
    coreHealth: gauge(
      "core_health_status",
      "1 while the core has this status.",
      ["core_id", "status"],
      "max",
    ),
    coreResponse: gauge(
      "core_response_time_ms",
      "Time of the core's last health response.",
      ["core_id"],
      "max",
    ),
    endpoints: gauge(
      "load_balancer_endpoints",
      "Endpoints of a provider or of the cores by what their probes said: healthy, unhealthy or unknown; draining where an operator has taken them out.",
      ["provider", "status"],
      "max",
    ),
    concurrencyLimit: gauge(
      "load_balancer_concurrency_limit",
      "Calls that an endpoint is given at one time, where anything bounds them; adaptive limits move.",
      ["provider", "core"],
    ),
    queued: gauge("load_balancer_queued_calls", "Calls that wait for a place at a provider.", [
      "provider",
      "priority",
    ]),
    queueWait: seconds(
      "load_balancer_queue_wait_seconds",
      "Time that calls waited for a place, by how that ended: served, late, left, displaced by one that matters more, dismissed because nobody could serve.",
      ["provider", "end"],
    ),
    queueFull: counter(
      "load_balancer_queue_full_total",
      "Calls that found as many waiting for a place as may.",
      ["provider"],
    ),
    balancerEjections: counter(
      "load_balancer_ejections_total",
      "Times that an endpoint was given no calls for a while: calls failed (failures), or it asked for that (retry_after).",
      ["core", "cause"],
    ),
  };
}

/** The registered metrics. */
export type PoolMetrics = ReturnType<typeof poolFamilies>;
