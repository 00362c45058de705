/** Counts and times requests as they end; the series of an endpoint are looked up by words that it repeats. */

import { getOrCreate } from "#core/get-or-create.ts";
import { TextsMap } from "#core/texts-map.ts";
import { knownMethods } from "#exchange/known-methods.ts";
import type { CallRecord } from "#observability/call-record.ts";
import type { CounterSeries, HistogramSeries } from "#observability/family.ts";
import type { EntryMetrics } from "./metric-families.ts";

/** The series of one endpoint, method and port. */
interface EndpointSeries {
  /** Made by the first request that the endpoint takes: who tries all methods makes no histograms. */
  duration: HistogramSeries | undefined;
  readonly requests: Map<number, readonly [ofHttp: CounterSeries, ofGateway: CounterSeries]>;
}

function emptyMap(): TextsMap<EndpointSeries> {
  return new TextsMap();
}

/** Status of a method that the endpoint does not take. */
const methodNotAllowed = 405;

/** A request by this record ended with `status`, after `elapsedMs`. */
export type CountRequest = (record: CallRecord, status: number, elapsedMs: number) => void;

/** Counts into `metrics`. Endpoints, methods and ports are few, and so are the series. */
export function countRequests(metrics: EntryMetrics): CountRequest {
  const all = new Map<number, TextsMap<EndpointSeries>>();

  const seriesOf = (endpoint: string, method: string, port: number): EndpointSeries => {
    const ofPort = getOrCreate(all, port, emptyMap);
    const key = [endpoint, method];
    return ofPort.get(key) ?? ofPort.set(key, { duration: undefined, requests: new Map() });
  };

  return (record, status, elapsedMs) => {
    const { endpoint, httpMethod, port } = record;
    // Only counted calls leave spans.
    const trace = record.called && record.outcome?.uncounted !== true ? record.trace : undefined;
    const method = knownMethods.has(httpMethod) ? httpMethod : "OTHER";
    const series = seriesOf(endpoint, method, port);
    if (status !== methodNotAllowed) {
      series.duration ??= metrics.httpDuration.labels({ method, endpoint });
      series.duration.observe(elapsedMs / 1000, trace);
    }
    if (record.uncounted !== true) metrics.gatewayDuration.observe(elapsedMs / 1000, trace);
    let counters = series.requests.get(status);
    if (counters === undefined) {
      counters = [
        metrics.httpRequests.labels({ method, endpoint, port, status }),
        metrics.gatewayRequests.labels({ method, endpoint, status }),
      ];
      series.requests.set(status, counters);
    }
    const [ofHttp, ofGateway] = counters;
    ofHttp.inc();
    if (record.uncounted !== true) ofGateway.inc();
  };
}
