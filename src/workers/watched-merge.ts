/** Makes what threads measure of endpoints and budgets one. Pure. */

import type { WatchedBudget, WatchedPool } from "#alerts/conditions.ts";

/** All pools; an endpoint is up where any thread finds it so: one thread's failed probe is no outage. */
export function mergedPools(all: readonly (readonly WatchedPool[])[]): readonly WatchedPool[] {
  const byName = Map.groupBy(all.flat(), ({ kind, name }) => JSON.stringify([kind, name]));
  return byName
    .values()
    .flatMap(([first, ...others]) => {
      if (first === undefined) return [];
      const endpoints = new Map<string, boolean>();
      for (const { id, isUp } of [first, ...others].flatMap((pool) => pool.endpoints)) {
        endpoints.set(id, isUp || endpoints.get(id) === true);
      }
      return [{ ...first, endpoints: [...endpoints].map(([id, isUp]) => ({ id, isUp })) }];
    })
    .toArray();
}

/** All budgets, each once: threads spend from one. */
export function mergedBudgets(
  all: readonly (readonly WatchedBudget[])[],
): readonly WatchedBudget[] {
  const byOwner = new Map<string, WatchedBudget>();
  for (const budget of all.flat()) {
    const owner = JSON.stringify([budget.tier, budget.name]);
    const known = byOwner.get(owner);
    if (known === undefined || known.used < budget.used) byOwner.set(owner, budget);
  }
  return [...byOwner.values()];
}

/** Pools of which `old` reaches an endpoint, and `fresh` none. */
export function unreachedPools(
  old: readonly WatchedPool[],
  fresh: readonly WatchedPool[],
): readonly string[] {
  const upIn = (pools: readonly WatchedPool[]) =>
    pools.filter(({ endpoints }) => endpoints.some(({ isUp }) => isUp)).map(({ name }) => name);
  const reached = new Set(upIn(fresh));
  return upIn(old).filter((name) => !reached.has(name));
}
