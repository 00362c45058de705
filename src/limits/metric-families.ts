/** The metrics of buckets that gateways share. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function limitFamilies({ counter, gauge }: Makers) {
  return {
    limitStoreErrors: counter(
      "rate_limit_store_errors_total",
      "Decisions that the shared store of rate limits did not make: made by this gateway alone (local), refused (deny) or granted (allow).",
      ["decided"],
    ),
    limitCorrectionsLost: counter(
      "rate_limit_corrections_lost_total",
      "Corrections of what calls took that the shared store did not hear of.",
      [],
    ).labels({}),
    limitGateways: gauge(
      "rate_limit_gateways",
      "Gateways that share rate limits, as last counted.",
      [],
      "max",
    ),
  };
}

/** The registered metrics. */
export type LimitMetrics = ReturnType<typeof limitFamilies>;
