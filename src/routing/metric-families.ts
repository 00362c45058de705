/** The metrics of attempts at endpoints. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function routingFamilies({ counter }: Makers) {
  return {
    balancerRequests: counter("load_balancer_requests_total", "Attempts sent to an endpoint.", [
      "algorithm",
      "core",
    ]),
    balancerErrors: counter("load_balancer_errors_total", "Attempts that failed.", [
      "algorithm",
      "core",
    ]),
    cost: counter(
      "gateway_cost_usd_total",
      "US dollars that calls have cost by the prices of their models; tries that failed may have cost as well.",
      ["provider"],
    ),
    balancerExtra: counter(
      "load_balancer_extra_attempts_total",
      "Attempts beyond the first of a call: retries after a failure, hedges in parallel to a silent endpoint.",
      ["kind"],
    ),
    balancerDenied: counter(
      "load_balancer_denied_attempts_total",
      "Attempts beyond the first of a call that the budget denied.",
      ["kind"],
    ),
  };
}
