/** Power of two choices over latency and load: of two random endpoints, the one that is likely to answer first. Pure. */

import type { Rng } from "#core/rng.ts";
import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";

/** The latency to assume when neither the endpoint nor its peers were ever called. */
const defaultLatencyMs = 250;

/** The expected time of a call: the average latency, times the calls in flight and this one. */
function expectedMs({ latencyMs, inFlight, weight }: EndpointSnapshot, unseenMs: number): number {
  return ((latencyMs ?? unseenMs) * (inFlight + 1)) / weight;
}

/** The shortest known latency, assumed for endpoints that were never called: they get calls early, but not all of them. */
function unseenLatencyMs(endpoints: readonly EndpointSnapshot[]): number {
  const known = endpoints.flatMap(({ latencyMs }) => (latencyMs === undefined ? [] : [latencyMs]));
  return known.length === 0 ? defaultLatencyMs : Math.min(...known);
}

/** The endpoint for the next call; `endpoints` is not empty. */
export function p2cEwma<E extends EndpointSnapshot>(endpoints: readonly E[], rng: Rng): E {
  const count = endpoints.length;
  const first = Math.floor(rng.next() * count);
  const one = endpoints[first] as E;
  if (count === 1) return one;
  // Not the first one again; all others are equally likely.
  const other = endpoints[(first + 1 + Math.floor(rng.next() * (count - 1))) % count];
  const second = other as E;
  const areSeen = one.latencyMs !== undefined && second.latencyMs !== undefined;
  const unseenMs = areSeen ? 0 : unseenLatencyMs(endpoints);
  return expectedMs(second, unseenMs) < expectedMs(one, unseenMs) ? second : one;
}
