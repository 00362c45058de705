/** Who is asked when too few endpoints are fit. Pure. */

import type { Fitness } from "#core/fitness.ts";

/** Below this share of endpoints that may be asked, the others failed rather for a common cause. */
const panicShare = 0.2;

/**
 * Takes ejected endpoints for fit when less than a fifth of all may be asked: the few that are left
 * would get the calls of all. One that rests is left alone even then.
 */
export function withoutPanic<E extends { readonly fitness: Fitness }>(
  endpoints: readonly E[],
): readonly E[] {
  let askable = 0;
  for (const { fitness } of endpoints) if (fitness === "fit" || fitness === "trial") askable += 1;
  // Where no one is left it is for the route to say whether somebody else is.
  if (askable === 0 || askable >= panicShare * endpoints.length) return endpoints;
  return endpoints.map((endpoint) =>
    endpoint.fitness === "ejected" ? { ...endpoint, fitness: "fit" as const } : endpoint,
  );
}
