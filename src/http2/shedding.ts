/** Which streams give up what is held for them when there is too much of it. Pure. */

import type { Stream } from "./stream.ts";

/** What a stream holds in both directions. */
function weightOf({ heldBytes, queuedBytes }: Stream): number {
  return heldBytes + queuedBytes;
}

/** The heaviest streams that together hold `bytes`; `sparesHeaviest`: the very heaviest may stay. */
export function heaviestOf<S extends Stream>(
  streams: Iterable<S>,
  bytes: number,
  sparesHeaviest: boolean,
): S[] {
  const sorted = [...streams].sort((one, other) => weightOf(other) - weightOf(one));
  const chosen: S[] = [];
  let left = bytes;
  for (const stream of sparesHeaviest ? sorted.slice(1) : sorted) {
    if (left <= 0) break;
    chosen.push(stream);
    left -= weightOf(stream);
  }
  return chosen;
}
