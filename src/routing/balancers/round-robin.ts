/** Chooses the members in turn. */

import type { Balancer } from "#routing/candidate.ts";

/** The next id after the last one chosen, in the order of ids: members may join and leave between turns. */
export function roundRobin(): Balancer {
  let last = "";
  return ([first, ...rest]) => {
    let lowest = first.id;
    let next = first.id > last ? first.id : undefined;
    for (const { id } of rest) {
      if (id < lowest) lowest = id;
      if (id > last && (next === undefined || id < next)) next = id;
    }
    last = next ?? lowest;
    return last;
  };
}
