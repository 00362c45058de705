/** A route over several targets (a pool and a model each): one strategy chooses among all their endpoints. */

import type { Rng } from "#core/rng.ts";
import type { Exclusion } from "#pool/exclusion.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { stickTo } from "./affinity.ts";
import { leastBusy } from "./balancers/least-connections.ts";
import { SmoothTurns } from "./balancers/weighted.ts";
import { type Chosen, decidedBy, EndpointWalk, ready, type WalkOption } from "./endpoint-walk.ts";
import type { RouteAsk, RouteNode, Walk } from "./route.ts";
import { p2cEwma } from "./strategies/p2c-ewma.ts";
import { indexOfBest, type ScoreWishes, scored } from "./strategies/scored.ts";
import type { Survey } from "./survey.ts";

/** One target of a route: a pool and a model. */
export interface RouteTarget<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly model: string;
  /** Multiplies the weights of the pool's endpoints. */
  readonly weight: number;
  /** What the pool's endpoints can do besides chat; nothing when absent. */
  readonly abilities?: ReadonlySet<string>;
  /** Expected price of a call of this size in US dollars; undefined when unknown. */
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
  /** Slower or more expensive endpoints are excluded. */
  readonly latencyMsMax?: number;
  readonly costMax?: number;
  /** Calls of one session stay on one endpoint. */
  readonly hasAffinity: boolean;
  /** Sources of the session key; the first one that a call has is used. Absent: the default sources. */
  readonly affinity?: readonly string[];
  /** Milliseconds without a response after which a second endpoint is asked. */
  readonly hedgeMs?: number;
  readonly rng: Rng;
}

/** Share of calls that go to a random endpoint, so that all endpoints are measured. */
const explorationShare = 0.02;

/** The node of a route tree that chooses endpoints. */
export class StrategyNode<B extends PooledBackend> implements RouteNode<B> {
  readonly #options: StrategyRouteOptions<B>;
  /** Under `round_robin` and `weighted`, by key. */
  readonly #turns = new SmoothTurns();
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
      route: this.name,
      title: `"${this.name}"`,
      options: () => this.#all(ask),
      excluded: () => this.#excluded(ask),
      pools: () => this.#pools(ask),
      choose: (options) => this.#choose(options, ask),
      causeOfSickness: () => this.#causeOfSickness(),
    });
  }

  survey(ask: RouteAsk): Survey {
    const { strategy } = this;
    return { strategy, steps: [this.#all(ask)], excluded: this.#excluded(ask) };
  }

  #causeOfSickness(): unknown {
    const causes = this.#options.targets.map(({ pool }) => pool.causeOfSickness());
    return causes.find((cause) => cause !== undefined);
  }

  serves({ needs }: RouteAsk): boolean {
    return this.#able(needs).length > 0;
  }

  /** The targets that can do what a call needs. */
  #able(needs: string | undefined): readonly RouteTarget<B>[] {
    const { targets } = this.#options;
    return needs === undefined
      ? targets
      : targets.filter(({ abilities }) => abilities?.has(needs) === true);
  }

  /** The candidates: the endpoints within the route's bounds, of all targets that can do what the call needs. */
  #all({ promptTokens, outputTokens, needs }: RouteAsk): WalkOption<B>[] {
    const options: WalkOption<B>[] = [];
    for (const { pool, model, weight: share, costOf } of this.#able(needs)) {
      const cost = costOf(promptTokens, outputTokens);
      for (const endpoint of pool.endpoints(model, { share, cost })) {
        if (this.#refusal(endpoint.latencyMs, cost) !== undefined) continue;
        options.push({ key: `${endpoint.id} ${model}`, pool, model, endpoint });
      }
    }
    return options;
  }

  /** Pools of all targets that can do what the call needs, and are not too expensive for it. */
  #pools({ promptTokens, outputTokens, needs }: RouteAsk): readonly Pool<B>[] {
    const affordable = this.#able(needs).filter(
      ({ costOf }) => this.#refusal(undefined, costOf(promptTokens, outputTokens)) === undefined,
    );
    return [...new Set(affordable.map(({ pool }) => pool))];
  }

  /** The endpoints that are outside the route's bounds or unavailable, each with the reason. */
  #excluded({ promptTokens, outputTokens, needs }: RouteAsk): readonly Exclusion[] {
    const { latencyMsMax, costMax } = this.#options;
    const targets = this.#able(needs);
    const out = targets.flatMap(({ pool, model }) => pool.excluded(model));
    if (latencyMsMax === undefined && costMax === undefined) return out;
    for (const { pool, model, costOf } of targets) {
      const cost = costOf(promptTokens, outputTokens);
      for (const { id: endpoint, latencyMs } of pool.endpoints(model)) {
        const refusal = this.#refusal(latencyMs, cost);
        if (refusal !== undefined) out.push({ provider: pool.name, endpoint, model, ...refusal });
      }
    }
    return out;
  }

  /** The bound of the route that an endpoint exceeds; an unknown value exceeds none. */
  #refusal(
    latencyMs: number | undefined,
    cost: number | undefined,
  ): Pick<Exclusion, "reason" | "value" | "limit"> | undefined {
    const { latencyMsMax, costMax } = this.#options;
    if (costMax !== undefined && cost !== undefined && cost > costMax)
      return { reason: "max_cost", value: cost, limit: costMax };
    if (latencyMsMax !== undefined && latencyMs !== undefined && latencyMs > latencyMsMax)
      return { reason: "max_latency", value: latencyMs, limit: latencyMsMax };
    return undefined;
  }

  /** The session key of this call; undefined where the route has no affinity. */
  #affinityKey({ affinityKey, affinityOf }: RouteAsk): string | undefined {
    const { hasAffinity, affinity } = this.#options;
    if (!hasAffinity) return undefined;
    if (affinity === undefined) return affinityKey;
    for (const source of affinity) {
      const key = affinityOf?.(source);
      if (key !== undefined) return key;
    }
    return undefined;
  }

  #choose(options: readonly WalkOption<B>[], ask: RouteAsk): Chosen<WalkOption<B>> {
    const first = options[0] as WalkOption<B>;
    if (options.length === 1) return { option: first, by: "only_one" };
    const affinityKey = this.#affinityKey(ask);
    if (affinityKey !== undefined) {
      const sticky = options.map(({ key, endpoint }, index) => ({
        id: key,
        weight: endpoint.weight,
        index,
      }));
      return { option: options[stickTo(affinityKey, sticky).index] ?? first, by: "affinity" };
    }
    const readied = ready(options, this.#options.rng);
    if (this.strategy === "scored") return this.#byScore(readied, options);
    const option = this.#byStrategy(readied) ?? first;
    return { option, by: decidedBy(options, option, "strategy") };
  }

  #byScore(
    options: readonly WalkOption<B>[],
    all: readonly WalkOption<B>[],
  ): Chosen<WalkOption<B>> {
    const { rng, wishes } = this.#options;
    const first = options[0] as WalkOption<B>;
    const isExploring = options.length > 1 && rng.next() < explorationShare;
    if (isExploring) {
      return {
        option: options[Math.floor(rng.next() * options.length)] ?? first,
        by: "exploration",
      };
    }
    const option = options[indexOfBest(options.map(endpointOf), wishes)] ?? first;
    // Told apart by key, because one endpoint may serve several models.
    const named = () => options.map(({ key, endpoint }) => ({ ...endpoint, id: key }));
    return {
      option,
      by: decidedBy(all, option, "strategy"),
      scores: () => scored(named(), wishes),
    };
  }

  #byStrategy(options: readonly WalkOption<B>[]): WalkOption<B> | undefined {
    const { strategy, rng } = this.#options;
    switch (strategy) {
      case "scored":
        return this.#byScore(options, options).option;
      case "p2c_ewma": {
        const endpoints = options.map(endpointOf);
        return options[endpoints.indexOf(p2cEwma(endpoints, rng))];
      }
      case "least_connections":
        return leastBusy(options, ({ endpoint }) => endpoint.inFlight, rng);
      case "weighted":
        return this.#turns.next(options, keyOf, ({ endpoint }) => endpoint.weight);
      case "round_robin":
        return this.#turns.next(options, keyOf, () => 1);
    }
  }
}

function endpointOf<E>({ endpoint }: { readonly endpoint: E }): E {
  return endpoint;
}

function keyOf({ key }: { readonly key: string }): string {
  return key;
}
