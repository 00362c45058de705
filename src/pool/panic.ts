/** Which endpoints are used when too few are available. Pure. */

import type { Fitness } from "#core/fitness.ts";

/** When less than this share of the endpoints is available, their failures most likely have one common cause. */
const panicShare = 0.2;

/**
 * When less than a fifth of all endpoints is available, ejected ones are used as well: else the few
 * that are left would get all calls. An endpoint that asked for a pause gets it even then.
 */
export function withoutPanic<E extends { readonly fitness: Fitness }>(
  endpoints: readonly E[],
): readonly E[] {
  let askable = 0;
  for (const { fitness } of endpoints) if (fitness === "fit" || fitness === "trial") askable += 1;
  // Where none is left, the route decides whether there is another place to go.
  if (askable === 0 || askable >= panicShare * endpoints.length) return endpoints;
  return endpoints.map((endpoint) =>
    endpoint.fitness === "ejected" ? { ...endpoint, fitness: "fit" as const } : endpoint,
  );
}
