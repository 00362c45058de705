/** The order in which one call tries endpoints: first the available ones that were not tried, last those that may have recovered. */

import type { ConnectError } from "@connectrpc/connect";
import type { Rng } from "#core/rng.ts";
import { failureClassOf, isKeysFault, mayPass } from "#errors/failure-class.ts";
import { fault } from "#errors/fault.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { EndpointState } from "#pool/endpoint-snapshot.ts";
import type { Exclusion } from "#pool/exclusion.ts";
import type { PooledBackend } from "#pool/member.ts";
import type { PlaceQueue } from "#pool/place-queue.ts";
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

/** What was chosen, and why. */
export interface Chosen<O> {
  readonly option: O;
  readonly by: DecidedBy;
  /** Computes the scores of the candidates by key; absent where scores did not decide. */
  readonly scores?: (() => readonly Scored[]) | undefined;
}

/** Where a walk gets its endpoints from. */
export interface WalkSource<B extends PooledBackend, O extends WalkOption<B>> {
  /** The strategy's name, for reports. */
  readonly algorithm: string;
  /** Name of the route. */
  readonly route: string;
  /** What errors call the route. */
  readonly title: string;
  /** The available endpoints at this moment. */
  options(): readonly O[];
  /** The endpoints that `options` leaves out, each with the reason. */
  excluded(): readonly Exclusion[];
  /** Pools whose endpoints are wanted. */
  pools(): readonly Pool<B>[];
  /** Chooses one; the list is not empty. */
  choose(options: readonly O[]): Chosen<O>;
  /** The errors of unhealthy endpoints, for the log. */
  causeOfSickness(): unknown;
}

/** What happened to an endpoint during a call. Calls try few endpoints, so these form a linked list. */
interface Tried<B> {
  readonly key: string;
  readonly before: Tried<B> | undefined;
  /** The latest claim on it. */
  choice: Choice<B>;
  /** How often it was asked. */
  count: number;
  /** Why its last try failed; undefined while it is in progress. */
  reason: Reason | undefined;
}

/** The walk over the endpoints of one source. */
export class EndpointWalk<B extends PooledBackend, O extends WalkOption<B>> implements Walk<B> {
  readonly #source: WalkSource<B, O>;
  /** The endpoint that was tried most recently for the first time. */
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
    // Usually no endpoint was tried yet.
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

  queues(): readonly PlaceQueue[] {
    if (this.#isHopeless) return [];
    const full = new Set<string>();
    for (const { reason, provider, endpoint } of this.#source.excluded()) {
      if (reason === "max_concurrent" && this.accepts(provider, endpoint)) full.add(provider);
    }
    if (full.size === 0) return [];
    return this.#source
      .pools()
      .flatMap(({ name, queue }) => (queue !== undefined && full.has(name) ? [queue] : []));
  }

  accepts(pool: string, endpoint: string): boolean {
    for (let tried = this.#tried; tried !== undefined; tried = tried.before) {
      const { choice, reason } = tried;
      if (choice.pool !== pool || choice.lease.id !== endpoint) continue;
      if (reason === undefined || !mayPass(reason)) return false;
    }
    return true;
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
        ? fault("OVERLOADED", `every endpoint of ${title} is at its limit of calls`)
        : fault("POOL_EMPTY", `no endpoint of ${title} is healthy`, { cause });
    }
    const message = `every endpoint of ${title} asked for a pause`;
    return fault("POOL_EMPTY", message, { cause, retryAfterMs: Math.ceil(restMs) });
  }

  /** The request would fail in the same way at all of these endpoints. */
  get #isHopeless(): boolean {
    return this.#last !== undefined && !reasons[this.#last].retryable;
  }

  #isFit({ key, endpoint: { fitness, leastMs } }: O, timeLeftMs: number | undefined): boolean {
    if (fitness !== "fit" && fitness !== "trial") return false;
    if (timeLeftMs !== undefined && leastMs >= timeLeftMs) return false;
    const tried = this.#triedOf(key);
    // It may be asked again although it refused a key: it has another key.
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
    // After a refused key: unless another key is available soon.
    return mayPass(reason) || (isKeysFault(reason) && restMs <= waitMsMax);
  }

  /** The endpoint that was asked least comes first; among equals, one that failed comes before one that was too slow. */
  #rankOf({ key }: O): number {
    const { count = 0, reason } = this.#triedOf(key) ?? {};
    return reason !== undefined && failureClassOf(reason) === "time_out" ? count + 0.5 : count;
  }

  /** Claims one of `options`, which are a part of `all`. */
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
 * The candidates for one call. An endpoint whose recovery is to be tested is asked before all others;
 * one that has just recovered is a candidate only for a growing share of the calls. Pure.
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

/** Why `option` was chosen; `otherwise` for an ordinary choice. */
export function decidedBy<O extends { readonly endpoint: EndpointState }>(
  options: readonly O[],
  option: O,
  otherwise: DecidedBy,
): DecidedBy {
  if (options.length === 1) return "only_one";
  return option.endpoint.fitness === "trial" ? "trial" : otherwise;
}
