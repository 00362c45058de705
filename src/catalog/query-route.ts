/** Where questions go: the services that answer them, each after the one before. */

import type { ChatBackend } from "#backends/backend.ts";
import type { Rng } from "#core/rng.ts";
import type { Pool } from "#pool/pool.ts";
import type { RouteNode } from "#routing/route.ts";
import type { ScoreWishes } from "#routing/strategies/scored.ts";
import { StrategyNode } from "#routing/strategy-route.ts";
import { FallbackNode } from "#routing/tree.ts";

/** What the route is made of. */
export interface QueryRouteOptions {
  /** In the order in which they are asked; at least one. */
  readonly pools: readonly Pool<ChatBackend>[];
  readonly strategy: "round_robin" | "least_connections" | "weighted";
  readonly wishes: ScoreWishes;
  readonly rng: Rng;
}

/** A fallback over the pools, which choose models by themselves. */
export function queryRoute({ pools, ...common }: QueryRouteOptions): RouteNode<ChatBackend> {
  const steps = pools.map((pool) => ({
    node: new StrategyNode<ChatBackend>({
      ...common,
      name: pool.name,
      targets: [{ pool, model: "", weight: 1, costOf: () => undefined }],
      hasAffinity: false,
    }),
  }));
  return new FallbackNode("query", steps);
}
