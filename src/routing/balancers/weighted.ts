/** By weight, and smoothly: a heavy member's turns are spread out, not in a row. */

import type { Balancer } from "#routing/candidate.ts";

/**
 * Whose turn it is. Each choice credits everyone with its weight, takes the richest (ties: the first) and charges
 * it the sum. Credit of one that is absent is kept for its return; there are as many as were ever among them.
 */
export class SmoothTurns {
  readonly #credits = new Map<string, number>();

  /** The next of `all`, which is not empty; ids are unique. */
  next<T>(all: readonly T[], idOf: (one: T) => string, weightOf: (one: T) => number): T {
    const credits = this.#credits;
    let richest = all[0] as T;
    let most = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (const one of all) {
      const weight = weightOf(one);
      const id = idOf(one);
      const credit = (credits.get(id) ?? 0) + weight;
      credits.set(id, credit);
      sum += weight;
      if (credit > most) {
        most = credit;
        richest = one;
      }
    }
    credits.set(idOf(richest), most - sum);
    return richest;
  }
}

/** The turns of the members of one pool. */
export function weighted(): Balancer {
  const turns = new SmoothTurns();
  return (candidates) =>
    turns.next(
      candidates,
      ({ id }) => id,
      ({ weight }) => weight,
    ).id;
}
