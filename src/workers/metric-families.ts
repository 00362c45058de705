/** What is counted of the threads that serve calls. */

import type { Makers } from "#observability/metric-makers.ts";

/** The metrics of this room. */
export type WorkersMetrics = ReturnType<typeof workersFamilies>;

/** Registers them. */
export function workersFamilies(make: Makers) {
  return {
    workers: make.gauge("gateway_workers", "Threads that serve calls.", []),
    workerConnections: make.gauge(
      "gateway_worker_connections",
      "Connections of each thread that serves calls.",
      ["thread"],
    ),
    workerStarts: make.counter(
      "gateway_worker_starts_total",
      "Threads that took the place of another one, by how that had ended.",
      ["cause"],
    ),
    workerHandoverFailures: make.counter(
      "gateway_worker_handover_failures_total",
      "Threads that were to take the place of one that serves, and could not: that one stays.",
      [],
    ),
    workerRefusals: make.counter(
      "gateway_worker_refusals_total",
      "Connections that were closed because no thread could take them.",
      ["reason"],
    ),
  };
}
