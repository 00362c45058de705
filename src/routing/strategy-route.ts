/** A route over several targets (a pool and a model each): one strategy chooses among all their endpoints. */

import type { Rng } from "#core/rng.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { stickTo } from "./affinity.ts";
import { EndpointWalk, ready, type WalkOption } from "./endpoint-walk.ts";
import type { RouteAsk, RouteNode, Walk } from "./route.ts";
import { p2cEwma } from "./strategies/p2c-ewma.ts";
import { type ScoreWishes, scored } from "./strategies/scored.ts";

/** One of the things that a route may choose. */
export interface RouteTarget<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly model: string;
  /** Multiplies the weights of the pool's endpoints. */
  readonly weight: number;
  /** US dollars that a call of this size may cost; undefined when nobody knows. */
  costOf(promptTokens: number, outputTokens: number): number | undefined;
}

/** The strategies of routes. */
export const routeStrategies = [
  "scored",
  "p2c_ewma",
  "weighted",
  "round_robin",
  "least_connections",
] as const;

/** One of them. */
export type RouteStrategy = (typeof routeStrategies)[number];

/** What a route over targets is made of. */
export interface StrategyRouteOptions<B extends PooledBackend> {
  readonly name: string;
  readonly strategy: RouteStrategy;
  readonly targets: readonly RouteTarget<B>[];
  readonly wishes: ScoreWishes;
  /** Endpoints that are slower, or more expensive, are not asked. */
  readonly latencyMsMax?: number;
  readonly costMax?: number;
  /** Calls of one session stay on one endpoint. */
  readonly hasAffinity: boolean;
  /** Silence after which a second endpoint is asked. */
  readonly hedgeMs?: number;
  readonly rng: Rng;
}

/** How many calls in a hundred go to any endpoint, so that nobody is forgotten. */
const explorationShare = 0.02;

/** The routes' turns under `round_robin` and `weighted`, by key. */
class Turns {
  readonly #credits = new Map<string, number>();

  /** Smooth weighted round robin: the richest pays for all. */
  next(options: readonly { readonly key: string; readonly weight: number }[]): string {
    let richest = "";
    let most = Number.NEGATIVE_INFINITY;
    let sum = 0;
    for (const { key, weight } of options) {
      const credit = (this.#credits.get(key) ?? 0) + weight;
      this.#credits.set(key, credit);
      sum += weight;
      if (credit > most) {
        most = credit;
        richest = key;
      }
    }
    this.#credits.set(richest, most - sum);
    return richest;
  }
}

/** The node of a route tree that chooses endpoints. */
export class StrategyNode<B extends PooledBackend> implements RouteNode<B> {
  readonly #options: StrategyRouteOptions<B>;
  readonly #turns = new Turns();
  readonly hedgeMs?: number;

  constructor(options: StrategyRouteOptions<B>) {
    this.#options = options;
    if (options.hedgeMs !== undefined) this.hedgeMs = options.hedgeMs;
  }

  get name(): string {
    return this.#options.name;
  }

  get strategy(): RouteStrategy {
    return this.#options.strategy;
  }

  walk(ask: RouteAsk): Walk<B> {
    return new EndpointWalk({
      algorithm: this.strategy,
      title: `"${this.name}"`,
      options: () => this.#all(ask),
      choose: (options) => this.#choose(options, ask),
      causeOfSickness: () => this.#causeOfSickness(),
    });
  }

  #causeOfSickness(): unknown {
    const causes = this.#options.targets.map(({ pool }) => pool.causeOfSickness());
    return causes.find((cause) => cause !== undefined);
  }

  /** Every endpoint that the route wants, of all targets. */
  #all({ promptTokens, outputTokens }: RouteAsk): WalkOption<B>[] {
    const { targets, latencyMsMax, costMax } = this.#options;
    return targets.flatMap(({ pool, model, weight, costOf }) => {
      const cost = costOf(promptTokens, outputTokens);
      if (costMax !== undefined && cost !== undefined && cost > costMax) return [];
      return pool
        .endpoints(model)
        .filter(({ latencyMs = 0 }) => latencyMsMax === undefined || latencyMs <= latencyMsMax)
        .map((endpoint) => ({
          key: `${endpoint.id} ${model}`,
          pool,
          model,
          endpoint: { ...endpoint, weight: endpoint.weight * weight, cost },
        }));
    });
  }

  #choose(options: readonly WalkOption<B>[], { affinityKey }: RouteAsk): WalkOption<B> {
    const first = options[0] as WalkOption<B>;
    if (options.length === 1) return first;
    if (this.#options.hasAffinity && affinityKey !== undefined) {
      const sticky = options.map(({ key, endpoint }, index) => ({
        id: key,
        weight: endpoint.weight,
        index,
      }));
      return options[stickTo(affinityKey, sticky).index] ?? first;
    }
    return this.#byStrategy(ready(options, this.#options.rng)) ?? first;
  }

  #byStrategy(options: readonly WalkOption<B>[]): WalkOption<B> | undefined {
    const { strategy, rng, wishes } = this.#options;
    // Endpoints are told apart by their keys: one may serve several models.
    const endpoints = options.map(({ key, endpoint }) => ({ ...endpoint, id: key }));
    const withKey = (key: string | undefined) => options.find((option) => option.key === key);
    switch (strategy) {
      case "scored":
        if (rng.next() < explorationShare) return options[Math.floor(rng.next() * options.length)];
        return withKey(scored(endpoints, wishes)[0]?.id);
      case "p2c_ewma":
        return withKey(p2cEwma(endpoints, rng).id);
      case "least_connections":
        return withKey(endpoints.toSorted((one, other) => one.inFlight - other.inFlight)[0]?.id);
      case "weighted":
        return withKey(this.#turns.next(endpoints.map(({ id, weight }) => ({ key: id, weight }))));
      case "round_robin":
        return withKey(this.#turns.next(endpoints.map(({ id }) => ({ key: id, weight: 1 }))));
    }
  }
}
