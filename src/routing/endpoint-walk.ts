/** One call's way over endpoints: the fit ones that were not tried come first, those that may have recovered last. */

import type { ConnectError } from "@connectrpc/connect";
import type { Rng } from "#core/rng.ts";
import { failureClassOf, isKeysFault, mayPass } from "#errors/failure-class.ts";
import { fault } from "#errors/fault.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { Exclusion } from "#pool/exclusion.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { type DecidedBy, Decision } from "./decision.ts";
import { waitMsMax } from "./retry.ts";
import type { Choice, Walk } from "./route.ts";
import type { Scored } from "./strategies/score.ts";

/** An endpoint that a walk may choose, with the model to ask it for. */
export interface WalkOption<B extends PooledBackend> {
  /** Unique within the route. */
  readonly key: string;
  readonly pool: Pool<B>;
  readonly model: string;
  readonly endpoint: EndpointState;
}

/** What a source has chosen, and why. */
export interface Chosen<O> {
  readonly option: O;
  readonly by: DecidedBy;
  /** Makes the scores of those that it chose among, by key, where scores decided. */
  readonly scores?: (() => readonly Scored[]) | undefined;
}

/** What a walk goes over. */
export interface WalkSource<B extends PooledBackend, O extends WalkOption<B>> {
  /** The strategy's name, for reports. */
  readonly algorithm: string;
  /** Name of the route. */
  readonly route: string;
  /** What a fault calls the route. */
  readonly title: string;
  /** Endpoints that are alive, as they are now. */
  options(): readonly O[];
  /** Endpoints that `options` leaves out now, and why. */
  excluded(): readonly Exclusion[];
  /** Chooses one of at least one. */
  choose(options: readonly O[]): Chosen<O>;
  /** Why endpoints are unhealthy, for the log. */
  causeOfSickness(): unknown;
}

/** What became of an endpoint in the course of a call; they form a list, for there are few. */
interface Tried<B> {
  readonly key: string;
  readonly before: Tried<B> | undefined;
  /** The last claim on it. */
  choice: Choice<B>;
  /** How often it was asked. */
  count: number;
  /** Why its last try failed; undefined while it is in progress. */
  reason: Reason | undefined;
}

/** The walk over the endpoints of one source. */
export class EndpointWalk<B extends PooledBackend, O extends WalkOption<B>> implements Walk<B> {
  readonly #source: WalkSource<B, O>;
  /** The endpoint that was asked for the first time last. */
  #tried: Tried<B> | undefined;
  #last: Reason | undefined;

  constructor(source: WalkSource<B, O>) {
    this.#source = source;
  }

  failed(choice: Choice<B>, reason: Reason): void {
    for (let tried = this.#tried; tried !== undefined; tried = tried.before) {
      if (tried.choice !== choice) continue;
      tried.reason = reason;
      this.#last = reason;
    }
  }

  next(timeLeftMs?: number): Choice<B> | undefined {
    if (this.#isHopeless) return undefined;
    const all = this.#source.options();
    // Most calls may go to any.
    const areFit = all.every((option) => this.#isFit(option, timeLeftMs));
    const fit = areFit ? all : all.filter((option) => this.#isFit(option, timeLeftMs));
    return this.#claim(fit, all, timeLeftMs);
  }

  again(timeLeftMs?: number): Choice<B> | undefined {
    if (this.#isHopeless) return undefined;
    const all = this.#source.options();
    let least = Number.POSITIVE_INFINITY;
    let best: O[] = [];
    for (const option of all) {
      const { fitness, leastMs } = option.endpoint;
      if (fitness === "resting" || !this.#mayMend(option)) continue;
      if (timeLeftMs !== undefined && leastMs >= timeLeftMs) continue;
      const rank = this.#rankOf(option);
      if (rank > least) continue;
      if (rank < least) best = [];
      least = rank;
      best.push(option);
    }
    return this.#claim(best, all, timeLeftMs);
  }

  waitMs(): number | undefined {
    if (this.#isHopeless) return undefined;
    let leastMs: number | undefined;
    for (const option of this.#source.options()) {
      const { fitness, restMs } = option.endpoint;
      if (!this.#mayMend(option)) continue;
      const ms = fitness === "resting" ? restMs : 0;
      if (leastMs === undefined || ms < leastMs) leastMs = ms;
    }
    return leastMs;
  }

  goesOn(): boolean {
    return false;
  }

  empty(): ConnectError {
    const { title } = this.#source;
    const cause = this.#source.causeOfSickness();
    const restMs = this.waitMs();
    if (restMs === undefined) {
      const isFull = this.#source.excluded().some(({ reason }) => reason === "max_concurrent");
      return isFull
        ? fault("OVERLOADED", `every endpoint of ${title} has as many calls as it may have`)
        : fault("POOL_EMPTY", `no endpoint of ${title} is healthy`, { cause });
    }
    const message = `every endpoint of ${title} asked to be left alone for now`;
    return fault("POOL_EMPTY", message, { cause, retryAfterMs: Math.ceil(restMs) });
  }

  /** The request would fail in the same way everywhere here. */
  get #isHopeless(): boolean {
    return this.#last !== undefined && !reasons[this.#last].retryable;
  }

  #isFit({ key, endpoint: { fitness, leastMs } }: O, timeLeftMs: number | undefined): boolean {
    if (fitness !== "fit" && fitness !== "trial") return false;
    if (timeLeftMs !== undefined && leastMs >= timeLeftMs) return false;
    const tried = this.#triedOf(key);
    // It is fit although it refused a key: there is another one.
    if (tried === undefined) return true;
    return tried.reason !== undefined && isKeysFault(tried.reason);
  }

  #triedOf(key: string): Tried<B> | undefined {
    let tried = this.#tried;
    while (tried !== undefined && tried.key !== key) tried = tried.before;
    return tried;
  }

  #mayMend({ key, endpoint: { restMs } }: O): boolean {
    const tried = this.#triedOf(key);
    if (tried === undefined) return true;
    const { reason } = tried;
    if (reason === undefined) return false;
    // After a refused key: unless another one is to be had soon.
    return mayPass(reason) || (isKeysFault(reason) && restMs <= waitMsMax);
  }

  /** Who was asked least comes first; among those, who failed before who was too slow. */
  #rankOf({ key }: O): number {
    const { count = 0, reason } = this.#triedOf(key) ?? {};
    return reason !== undefined && failureClassOf(reason) === "time_out" ? count + 0.5 : count;
  }

  /** Claims one of `options`, which are what is left of `all`. */
  #claim(
    options: readonly O[],
    all: readonly O[],
    timeLeftMs: number | undefined,
  ): Choice<B> | undefined {
    if (options.length === 0) return undefined;
    const { algorithm, route } = this.#source;
    const { option, by, scores } = this.#source.choose(options);
    const { key, pool, model, endpoint } = option;
    let excluded = this.#source.excluded();
    if (options.length < all.length) {
      const left = all.filter((one) => !options.includes(one));
      excluded = [...excluded, ...left.map((one) => this.#exclusionOf(one, timeLeftMs))];
    }
    const decision = new Decision({ route, by, chosen: key, options, scores, excluded });
    const lease = pool.lease(endpoint.id, model);
    const choice = { lease, pool: pool.name, algorithm, model, decision };
    const tried = this.#triedOf(key);
    if (tried === undefined) {
      this.#tried = { key, before: this.#tried, choice, count: 1, reason: undefined };
    } else {
      tried.choice = choice;
      tried.count += 1;
      tried.reason = undefined;
    }
    return choice;
  }

  #exclusionOf({ key, pool, model, endpoint }: O, timeLeftMs: number | undefined): Exclusion {
    const { id, fitness, restMs, leastMs } = endpoint;
    const about = { provider: pool.name, endpoint: id, model };
    if (this.#triedOf(key) !== undefined) return { ...about, reason: "tried" };
    if (fitness === "resting") return { ...about, reason: "resting", value: restMs };
    if (timeLeftMs !== undefined && leastMs >= timeLeftMs)
      return { ...about, reason: "too_slow", value: leastMs, limit: timeLeftMs };
    return { ...about, reason: "breaker_open" };
  }
}

/**
 * Who comes into question for one call: an endpoint whose recovery is to be tested is asked before all
 * others, and one that has just recovered takes part in a growing share of the calls only. Pure.
 */
export function ready<O extends { readonly endpoint: EndpointState }>(
  options: readonly O[],
  rng: Rng,
): readonly O[] {
  if (options.length < 2) return options;
  const trial = options.find(({ endpoint }) => endpoint.fitness === "trial");
  if (trial !== undefined) return [trial];
  if (options.every(({ endpoint }) => endpoint.warmth >= 1)) return options;
  const warm = options.filter(
    ({ endpoint }) => endpoint.warmth >= 1 || rng.next() < endpoint.warmth,
  );
  return warm.length === 0 ? options : warm;
}

/** What decided for `option`, where `otherwise` would have. */
export function decidedBy<O extends { readonly endpoint: EndpointState }>(
  options: readonly O[],
  option: O,
  otherwise: DecidedBy,
): DecidedBy {
  if (options.length === 1) return "only_one";
  return option.endpoint.fitness === "trial" ? "trial" : otherwise;
}
