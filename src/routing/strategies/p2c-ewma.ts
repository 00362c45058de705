/** Power of two choices over latency and load: of two at random, the one that is likely to answer first. Pure. */

import type { Rng } from "#core/rng.ts";
import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";

/** What an endpoint is taken for when neither it nor its peers were ever called. */
const defaultLatencyMs = 250;

/** How long a call may be expected to take: the average, once for each call that is before it. */
function expectedMs({ latencyMs, inFlight, weight }: EndpointSnapshot, unseenMs: number): number {
  return ((latencyMs ?? unseenMs) * (inFlight + 1)) / weight;
}

/** The least latency that was seen: who was never called gets a chance early, but is not flooded. */
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
  // Another one than the first, each as likely as the others.
  const other = endpoints[(first + 1 + Math.floor(rng.next() * (count - 1))) % count];
  const second = other as E;
  const areSeen = one.latencyMs !== undefined && second.latencyMs !== undefined;
  const unseenMs = areSeen ? 0 : unseenLatencyMs(endpoints);
  return expectedMs(second, unseenMs) < expectedMs(one, unseenMs) ? second : one;
}
