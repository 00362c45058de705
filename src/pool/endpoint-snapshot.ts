/** What a strategy is shown of an endpoint. Types only. */

/** An endpoint at one moment. What nobody has seen yet is undefined. */
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
