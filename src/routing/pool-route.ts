/** The route over the members of one pool, by one strategy. */

import type { Rng } from "#core/rng.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import type { Balancer, Candidates } from "./candidate.ts";
import {
  decidedBy,
  EndpointWalk,
  ready,
  type WalkOption,
  type WalkSource,
} from "./endpoint-walk.ts";
import type { Route } from "./route.ts";

/** What a route over a pool is made of. */
export interface PoolRouteOptions<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly balancer: Balancer;
  /** The balancer's name, for reports. */
  readonly algorithm: string;
  readonly retryAttempts: number;
  readonly attemptTimeoutMs?: number;
  readonly rng: Rng;
}

/** The route over a pool; its members choose the model by themselves. */
export function poolRoute<B extends PooledBackend>(options: PoolRouteOptions<B>): Route<B> {
  const { pool, balancer, algorithm, retryAttempts, attemptTimeoutMs, rng } = options;
  const all = (): WalkOption<B>[] =>
    pool.endpoints("").map((endpoint) => ({ key: endpoint.id, pool, model: "", endpoint }));
  const source: WalkSource<B, WalkOption<B>> = {
    algorithm,
    route: pool.name,
    title: `pool "${pool.name}"`,
    options: all,
    excluded: () => pool.excluded(""),
    pools: () => [pool],
    choose(options) {
      if (options.length === 1) return { option: options[0] as WalkOption<B>, by: "only_one" };
      const chosen = ready(options, rng);
      const id = balancer(chosen.map(({ endpoint }) => endpoint) as unknown as Candidates);
      const option = chosen.find(({ key }) => key === id) as WalkOption<B>;
      return { option, by: decidedBy(options, option, "strategy") };
    },
    causeOfSickness: () => pool.causeOfSickness(),
  };
  return {
    name: pool.name,
    retryAttempts,
    ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    begin: () => new EndpointWalk(source),
    survey: () => ({ strategy: algorithm, steps: [all()], excluded: pool.excluded("") }),
  };
}
