/** An endpoint as strategies and routes see it. Types only. */

import type { Standing } from "#core/fitness.ts";

/** An endpoint at one moment. What was never measured is undefined. */
export interface EndpointSnapshot {
  readonly id: string;
  /** Provider that it belongs to: bonuses, and the calls that count as its load, are per provider. */
  readonly provider: string;
  /** Share under weighted strategies, above 0. */
  readonly weight: number;
  /** 1 is the most preferred. */
  readonly priority: number;
  /** Calls in flight, those included that were reported to be. */
  readonly inFlight: number;
  /** Most calls in flight. */
  readonly concurrentMax: number;
  /** Average time of a call, or to the first token of a stream. */
  readonly latencyMs: number | undefined;
  /** Share of its calls that did not fail through its own fault. */
  readonly successRate: number | undefined;
  /** Expected price of the call in US dollars. */
  readonly cost: number | undefined;
}

/** An endpoint, with everything that decides whether it may be asked at all. */
export interface EndpointState extends EndpointSnapshot, Standing {
  /** While it recovers: the share of its calls that it gets, growing to 1. */
  readonly warmth: number;
  /** Its shortest recent latency in milliseconds; 0 when nothing is known. */
  readonly leastMs: number;
}
