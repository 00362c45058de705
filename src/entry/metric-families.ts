/** The metrics of the request entry: of every HTTP request and connection. */

import type { Makers } from "#observability/metric-makers.ts";

/** Registers the metrics of this room. */
export function entryFamilies({ counter, seconds }: Makers) {
  return {
    httpRequests: counter("http_requests_total", "HTTP requests that ended.", [
      "method",
      "endpoint",
      "port",
      "status",
    ]),
    httpDuration: seconds(
      "http_request_duration_seconds",
      "Time from request to end of response.",
      ["method", "endpoint"],
    ),
    connectionFailures: counter(
      "http_connection_failures_total",
      "Connections, and requests of HTTP/2 by their heads, refused because their client broke a rule or a limit.",
      ["reason"],
    ),
    gatewayRequests: counter("gateway_requests_total", "HTTP requests by outcome.", [
      "method",
      "endpoint",
      "status",
    ]),
    // By endpoint it would be the histogram above once more.
    gatewayDuration: seconds(
      "gateway_request_duration_seconds",
      "Time from request to end of response, over all endpoints.",
      [],
    ).labels({}),
  };
}

/** The registered metrics. */
export type EntryMetrics = ReturnType<typeof entryFamilies>;
