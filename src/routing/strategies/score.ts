/** The score of an endpoint and its terms. Types and names only. */

/** The terms of a score. */
export const scoreTerms = ["cost", "latency", "reliability", "load", "priority"] as const;

/** One of them. */
export type ScoreTerm = (typeof scoreTerms)[number];

/** One term of an endpoint's score. */
export interface ScoredTerm {
  /** The measured value, such as milliseconds; undefined when nothing was measured. */
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
