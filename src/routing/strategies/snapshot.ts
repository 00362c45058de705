/** What a strategy is shown of an endpoint, and what it says of its choice. Types only. */

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

/** The terms of a score. */
export const scoreTerms = ["cost", "latency", "reliability", "load", "priority"] as const;

/** One of them. */
export type ScoreTerm = (typeof scoreTerms)[number];

/** One term of an endpoint's score. */
export interface ScoredTerm {
  /** What was measured, such as milliseconds; undefined when nothing was. */
  readonly raw: number | undefined;
  /** 0 (worst) to 1 (best). */
  readonly score: number;
  /** Its share of the whole; the shares of all terms add up to 1. */
  readonly weight: number;
}

/** An endpoint's score, and why. */
export interface Scored {
  readonly id: string;
  /** 0 to 1. */
  readonly score: number;
  readonly terms: Readonly<Record<ScoreTerm, ScoredTerm>>;
  /** Part of the score for being the preferred provider. */
  readonly bonus: number;
}
