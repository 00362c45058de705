/** The route over the members of one pool, by one strategy. */

import type { Rng } from "#core/rng.ts";
import type { EndpointState } from "#pool/endpoint-snapshot.ts";
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
import type { Route, RouteNode } from "./route.ts";

/** What chooses among the members of a pool. */
export interface PoolNodeOptions<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly balancer: Balancer;
  /** The balancer's name, for reports. */
  readonly algorithm: string;
  readonly rng: Rng;
}

/** What a route over a pool is made of. */
export interface PoolRouteOptions<B extends PooledBackend> extends PoolNodeOptions<B> {
  readonly retryAttempts: number;
  readonly attemptTimeoutMs?: number;
}

/**
 * The members of a pool as a node of a route tree, asked for `model`; empty: they choose by themselves.
 * Those that `lacks` names are not asked for it.
 */
export function poolNode<B extends PooledBackend>(
  { pool, balancer, algorithm, rng }: PoolNodeOptions<B>,
  model: string,
  lacks: (id: string) => boolean = () => false,
): RouteNode<B> {
  const isAsked = ({ id }: EndpointState) => !lacks(id);
  const optionOf = (endpoint: EndpointState): WalkOption<B> => ({
    key: endpoint.id,
    pool,
    model,
    endpoint,
  });
  const all = (): WalkOption<B>[] => {
    const endpoints = pool.endpoints(model);
    // Mostly all of them are asked.
    return (endpoints.every(isAsked) ? endpoints : endpoints.filter(isAsked)).map(optionOf);
  };
  const source: WalkSource<B, WalkOption<B>> = {
    algorithm,
    route: pool.name,
    title: `pool "${pool.name}"`,
    options: all,
    excluded: () => pool.excluded(model),
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
    serves: () => true,
    walk: () => new EndpointWalk(source),
    survey: () => ({ strategy: algorithm, steps: [all()], excluded: pool.excluded(model) }),
  };
}

/** The route over a pool; its members choose the model by themselves. */
export function poolRoute<B extends PooledBackend>(options: PoolRouteOptions<B>): Route<B> {
  const { pool, retryAttempts, attemptTimeoutMs } = options;
  const node = poolNode(options, "");
  const ask = { promptTokens: 0, outputTokens: 0 };
  return {
    name: pool.name,
    retryAttempts,
    ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    begin: () => node.walk(ask),
    survey: () => node.survey(ask),
  };
}
