/** A route over several targets (a pool and a model each): one strategy chooses among all their endpoints. */

import type { Rng } from "#core/rng.ts";
import { fault } from "#errors/fault.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { EndpointSnapshot } from "#pool/endpoint-snapshot.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { stickTo } from "./affinity.ts";
import type { Choice, RouteAsk, RouteNode, Walk } from "./route.ts";
import { p2cEwma } from "./strategies/p2c-ewma.ts";
import { type ScoreWishes, scored } from "./strategies/scored.ts";

/** One of the things that a route may choose. */
export interface RouteTarget<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly model: string;
  /** Multiplies the weights of the pool's endpoints. */
  readonly weight: number;
  /** What the pool's endpoints can do beside chat; nothing when absent. */
  readonly abilities?: ReadonlySet<string>;
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
  readonly rng: Rng;
}

/** An endpoint of a target. */
interface Option<B extends PooledBackend> {
  readonly target: RouteTarget<B>;
  readonly endpoint: EndpointSnapshot;
  /** Unique within the route. */
  readonly key: string;
}

function can(
  { abilities }: { readonly abilities?: ReadonlySet<string> },
  needs: string | undefined,
): boolean {
  return needs === undefined || abilities?.has(needs) === true;
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

/** One call's way through the endpoints. */
class StrategyWalk<B extends PooledBackend> implements Walk<B> {
  readonly #node: StrategyNode<B>;
  readonly #ask: RouteAsk;
  readonly #tried = new Set<string>();

  constructor(node: StrategyNode<B>, ask: RouteAsk) {
    this.#node = node;
    this.#ask = ask;
  }

  next(failed?: Reason): Choice<B> | undefined {
    if (failed !== undefined && !reasons[failed].retryable) return undefined;
    const options = this.#node.options(this.#ask).filter(({ key }) => !this.#tried.has(key));
    const chosen = this.#node.choose(options, this.#ask);
    if (chosen === undefined) return undefined;
    this.#tried.add(chosen.key);
    const { pool, model } = chosen.target;
    return {
      lease: pool.lease(chosen.endpoint.id, model),
      pool: pool.name,
      algorithm: this.#node.strategy,
      model,
    };
  }

  empty() {
    return fault("POOL_EMPTY", `no endpoint of "${this.#node.name}" may be asked now`, {
      cause: this.#node.causeOfSickness(),
    });
  }
}

/** The node of a route tree that chooses endpoints. */
export class StrategyNode<B extends PooledBackend> implements RouteNode<B> {
  readonly #options: StrategyRouteOptions<B>;
  readonly #turns = new Turns();

  constructor(options: StrategyRouteOptions<B>) {
    this.#options = options;
  }

  get name(): string {
    return this.#options.name;
  }

  get strategy(): RouteStrategy {
    return this.#options.strategy;
  }

  /** Why endpoints are unhealthy, for the log. */
  causeOfSickness(): unknown {
    const causes = this.#options.targets.map(({ pool }) => pool.causeOfSickness());
    return causes.find((cause) => cause !== undefined);
  }

  serves({ needs }: RouteAsk): boolean {
    return this.#options.targets.some((target) => can(target, needs));
  }

  walk(ask: RouteAsk): Walk<B> {
    return new StrategyWalk(this, ask);
  }

  /** Every endpoint that may be asked, of all targets. */
  options({ promptTokens, outputTokens, needs }: RouteAsk): Option<B>[] {
    const { targets, latencyMsMax, costMax } = this.#options;
    return targets.flatMap((target) => {
      if (!can(target, needs)) return [];
      const cost = target.costOf(promptTokens, outputTokens);
      if (costMax !== undefined && cost !== undefined && cost > costMax) return [];
      return target.pool
        .endpoints(target.model)
        .filter(({ latencyMs = 0 }) => latencyMsMax === undefined || latencyMs <= latencyMsMax)
        .map((endpoint) => ({
          target,
          key: `${endpoint.id} ${target.model}`,
          endpoint: { ...endpoint, weight: endpoint.weight * target.weight, cost },
        }));
    });
  }

  /** The option for the next try; undefined when there is none. */
  choose(options: readonly Option<B>[], { affinityKey }: RouteAsk): Option<B> | undefined {
    const [first] = options;
    if (first === undefined || options.length === 1) return first;
    if (this.#options.hasAffinity && affinityKey !== undefined) {
      const sticky = options.map(({ key, endpoint }, index) => ({
        id: key,
        weight: endpoint.weight,
        index,
      }));
      return options[stickTo(affinityKey, sticky).index];
    }
    return this.#byStrategy(options);
  }

  #byStrategy(options: readonly Option<B>[]): Option<B> | undefined {
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
