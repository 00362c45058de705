/** What a strategy, and a route, is shown of an endpoint. Types only. */

import type { Standing } from "#core/fitness.ts";

/** An endpoint at one moment. What no one has seen yet is undefined. */
export interface EndpointSnapshot {
  readonly id: string;
  /** Provider that it belongs to; bonuses and loads count by it. */
  readonly provider: string;
  /** Share under weighted strategies, above 0. */
  readonly weight: number;
  /** 1 is the most preferred. */
  readonly priority: number;
  /** Calls that it has now, reported ones included. */
  readonly inFlight: number;
  /** Calls that it may have at one time. */
  readonly concurrentMax: number;
  /** Average time of a call, or to the first token of a stream. */
  readonly latencyMs: number | undefined;
  /** Share of its calls that did not fail by its fault. */
  readonly successRate: number | undefined;
  /** US dollars for the call that is asked for. */
  readonly cost: number | undefined;
}

/** An endpoint with all that decides whether it is asked at all. */
export interface EndpointState extends EndpointSnapshot, Standing {
  /** Share of its calls that it is to get while it recovers; 1 else. */
  readonly warmth: number;
  /** The shortest time in which it answered lately; 0 when nothing is known. */
  readonly leastMs: number;
}
