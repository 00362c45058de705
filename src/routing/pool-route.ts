/** The route over the members of one pool, by one strategy. */

import { fault } from "#errors/fault.ts";
import { type Reason, reasons } from "#errors/reason.ts";
import type { Candidate, PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import type { Balancer, Candidates } from "./candidate.ts";
import type { Choice, Route, Walk } from "./route.ts";

/** What a route over a pool is made of. */
export interface PoolRouteOptions<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly balancer: Balancer;
  /** The balancer's name, for reports. */
  readonly algorithm: string;
  readonly retryAttempts: number;
  readonly attemptTimeoutMs?: number;
}

/** The walk over members that were not tried. */
class PoolWalk<B extends PooledBackend> implements Walk<B> {
  readonly #options: PoolRouteOptions<B>;
  readonly #tried: string[] = [];

  constructor(options: PoolRouteOptions<B>) {
    this.#options = options;
  }

  next(failed?: Reason): Choice<B> | undefined {
    if (failed !== undefined && !reasons[failed].retryable) return undefined;
    const { pool, balancer, algorithm } = this.#options;
    const candidates = this.#untried();
    if (!isSome(candidates)) return undefined;
    const lease = pool.lease(balancer(candidates));
    this.#tried.push(lease.id);
    return { lease, pool: pool.name, algorithm, model: "" };
  }

  empty() {
    const { pool } = this.#options;
    return fault("POOL_EMPTY", `no endpoint of pool "${pool.name}" is healthy`, {
      cause: pool.causeOfSickness(),
    });
  }

  #untried(): Candidate[] {
    const candidates = this.#options.pool.candidates();
    const tried = this.#tried;
    return tried.length === 0 ? candidates : candidates.filter(({ id }) => !tried.includes(id));
  }
}

function isSome(candidates: readonly Candidate[]): candidates is Candidates {
  return candidates.length > 0;
}

/** The route over a pool. */
export function poolRoute<B extends PooledBackend>(options: PoolRouteOptions<B>): Route<B> {
  const { pool, retryAttempts, attemptTimeoutMs } = options;
  return {
    name: pool.name,
    retryAttempts,
    ...(attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs }),
    begin: () => new PoolWalk(options),
  };
}
