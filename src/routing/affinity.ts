/** Keeps calls of one session on one endpoint: rendezvous hashing. Pure. */

import { codeAt } from "#core/code-at.ts";

const offset = 0x811c9dc5;
const prime = 0x01000193;

/** FNV-1a of a text's UTF-16 units, with the final mix of MurmurHash3: similar texts get very different hashes. */
function hashOf(text: string): number {
  const { length } = text;
  let hash = offset;
  for (let at = 0; at < length; at += 1) {
    hash = Math.imul(hash ^ codeAt(text, at), prime);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** What sessions may stay on. */
interface Weighted {
  readonly id: string;
  /** Share of the keys, above 0. */
  readonly weight: number;
}

/**
 * The endpoint of a key: the same one as long as it is among the endpoints. The n-th endpoint that
 * joins takes over 1/n of the keys (by weight); all other keys stay. `endpoints` is not empty.
 */
export function stickTo<E extends Weighted>(key: string, endpoints: readonly E[]): E {
  let best = endpoints[0] as E;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const endpoint of endpoints) {
    // A share of (0, 1); its logarithm makes weights exact.
    const share = (hashOf(`${endpoint.id} ${key}`) + 0.5) / 0x1_0000_0000;
    const score = -endpoint.weight / Math.log(share);
    if (score > bestScore) {
      bestScore = score;
      best = endpoint;
    }
  }
  return best;
}
