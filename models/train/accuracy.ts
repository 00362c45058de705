/** How often a classifier is right. */

import type { Sample } from "./data.ts";
import { infer, type Network } from "./network.ts";

/** Right answers out of all, for one label or for every one. */
export interface Tally {
  readonly correct: number;
  readonly total: number;
}

/** Tallies by label: which samples the network gives their own label the greatest output. */
export function tallyByLabel(network: Network, samples: readonly Sample[]): Tally[] {
  const tallies = Array.from({ length: 10 }, () => ({ correct: 0, total: 0 }));
  for (const { pixels, label } of samples) {
    const tally = tallies[label];
    if (tally === undefined) continue;
    tally.total += 1;
    if (greatestAt(infer(network, pixels)) === label) tally.correct += 1;
  }
  return tallies;
}

/** All tallies as one. */
export function together(tallies: readonly Tally[]): Tally {
  return tallies.reduce(
    (sum, { correct, total }) => ({ correct: sum.correct + correct, total: sum.total + total }),
    { correct: 0, total: 0 },
  );
}

/** Such as `98.73 % (1481 of 1500)`. */
export function formatTally({ correct, total }: Tally): string {
  return `${((100 * correct) / total).toFixed(2)} % (${correct} of ${total})`;
}

/** Index of the greatest value, the first one of equals. */
function greatestAt(values: Float32Array): number {
  return values.indexOf(values.reduce((best, value) => Math.max(best, value), -Infinity));
}
