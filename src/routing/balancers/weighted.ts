/** By weight, and smoothly: a heavy member's turns are spread out, not in a row. */

import type { Balancer } from "#routing/candidate.ts";

/**
 * Each choice credits every candidate with its weight, takes the richest (ties: the first) and charges
 * it the sum. Credit of an absent member is kept for its return; there are as many as members.
 */
export function weighted(): Balancer {
  const credits = new Map<string, number>();
  return (candidates) => {
    const [first] = candidates;
    let richest = first.id;
    let most = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (const { id, weight } of candidates) {
      const credit = (credits.get(id) ?? 0) + weight;
      credits.set(id, credit);
      sum += weight;
      if (credit > most) {
        most = credit;
        richest = id;
      }
    }
    credits.set(richest, most - sum);
    return richest;
  };
}
