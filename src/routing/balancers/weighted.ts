/** Chooses by weight, smoothly: the turns of a heavy member are spread out instead of coming in a row. */

import type { Balancer } from "#routing/candidate.ts";

/**
 * Whose turn it is. Each choice adds to every member's credit its weight, chooses the highest credit
 * (the first of equals) and subtracts the sum of weights from it. The credit of an absent member is
 * kept; there are as many credits as there ever were members.
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

/** The balancer `weighted` of one pool. */
export function weighted(): Balancer {
  const turns = new SmoothTurns();
  return (candidates) =>
    turns.next(
      candidates,
      ({ id }) => id,
      ({ weight }) => weight,
    ).id;
}
