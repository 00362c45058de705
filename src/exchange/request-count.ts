/** Counts and times requests as they end; the series of an endpoint are looked up by words that it repeats. */

import { remembered } from "#core/remembered.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CounterSeries, HistogramSeries } from "#observability/family.ts";
import type { Metrics } from "#observability/metrics.ts";
import { knownMethods } from "./known-methods.ts";

/** The series of one endpoint, method and port. */
interface EndpointSeries {
  readonly durations: readonly HistogramSeries[];
  readonly requests: Map<number, readonly CounterSeries[]>;
}

/** A request by this record ended with `status`, after `elapsedMs`. */
export type CountRequest = (record: CallRecord, status: number, elapsedMs: number) => void;

/** Counts into `metrics`. Endpoints, methods and ports are few, and so are the series. */
export function countRequests(metrics: Metrics): CountRequest {
  const all = new Map<string, Map<string, Map<number, EndpointSeries>>>();

  const seriesOf = (endpoint: string, method: string, port: number): EndpointSeries => {
    const methods = remembered(all, endpoint, () => new Map<string, Map<number, EndpointSeries>>());
    const ports = remembered(methods, method, () => new Map<number, EndpointSeries>());
    return remembered(ports, port, () => {
      const labels = { method, endpoint };
      return {
        durations: [metrics.httpDuration.labels(labels), metrics.gatewayDuration.labels(labels)],
        requests: new Map(),
      };
    });
  };

  return ({ endpoint, httpMethod, port }, status, elapsedMs) => {
    const method = knownMethods.has(httpMethod) ? httpMethod : "OTHER";
    const { durations, requests } = seriesOf(endpoint, method, port);
    for (const duration of durations) duration.observe(elapsedMs / 1000);
    const counters = remembered(requests, status, () => [
      metrics.httpRequests.labels({ method, endpoint, port, status }),
      metrics.gatewayRequests.labels({ method, endpoint, status }),
    ]);
    for (const counter of counters) counter.inc();
  };
}
