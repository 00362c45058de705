/** The only retry loop: chooses an endpoint, tries, and goes elsewhere while that is safe. */

import type { Clock } from "#core/clock.ts";
import { fault, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Candidate, PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { Attempt, type AttemptReport, type AttemptStart } from "./attempt.ts";
import { limitAttempt } from "./attempt-limit.ts";
import type { Balancer, Candidates } from "./candidate.ts";
import { mayRetry } from "./retry.ts";

/** Where a call may go, and how often. */
export interface Route<B extends PooledBackend> {
  readonly pool: Pool<B>;
  readonly balancer: Balancer;
  /** The balancer's name, for reports. */
  readonly algorithm: string;
  /** Attempts beyond the first; each goes to an endpoint that was not tried. */
  readonly retryAttempts: number;
  /** Time for one try until its first message, in milliseconds; absent: the call's own time only. */
  readonly attemptTimeoutMs?: number;
}

/** What travels with a call. */
export interface RoutedCall {
  /** One for all attempts. */
  readonly signal: AbortSignal;
  readonly requestId: string;
  /** Milliseconds until the deadline when the call begins; each attempt is given what is left. */
  readonly timeoutMs?: number;
}

/** What an endpoint is given of a call. */
export interface AttemptCall extends RoutedCall {
  /** Id of the pool's member that is asked. */
  readonly endpoint: string;
}

/** What routing needs of its surroundings. */
export interface DispatchDeps {
  readonly clock: Clock;
  /** Told of every attempt as it begins; what it returns is told of the end. Neither may throw. */
  onAttempt?(start: AttemptStart): (ended: AttemptReport) => void;
}

/**
 * Sends calls to endpoints. Fails with POOL_EMPTY when no endpoint is healthy, else as the last
 * attempt did; `metadata.attempts` then names every one, as in `core-1:BACKEND_LOST,core-2:…`.
 */
export interface Dispatch {
  /** One answer. */
  call<B extends PooledBackend, T>(
    route: Route<B>,
    work: (backend: B, call: AttemptCall) => Promise<T>,
    call: RoutedCall,
  ): Promise<T>;
  /** A stream, pulled as it is read. Goes elsewhere only until its first message. */
  stream<B extends PooledBackend, T>(
    route: Route<B>,
    open: (backend: B, call: AttemptCall) => AsyncIterable<T>,
    call: RoutedCall,
  ): AsyncGenerator<T, void, undefined>;
}

/** Builds the dispatch that all routes share. */
export function createDispatch(deps: DispatchDeps): Dispatch {
  return {
    async call(route, work, call) {
      const journey = new Journey(route, call, deps);
      for (;;) {
        const attempt = journey.next();
        const limit = limitAttempt(journey.rest(attempt), route.attemptTimeoutMs, deps.clock);
        try {
          const answer = await work(attempt.backend, limit.call);
          attempt.end("OK");
          return answer;
        } catch (error) {
          journey.failed(attempt, limit.explain(error), false);
        } finally {
          // Not `using`, which costs several times what ends here. The attempt has ended above.
          limit[Symbol.dispose]();
        }
      }
    },

    async *stream(route, open, call) {
      const journey = new Journey(route, call, deps);
      for (;;) {
        using attempt = journey.next();
        attempt.endOnAbort();
        using limit = limitAttempt(journey.rest(attempt), route.attemptTimeoutMs, deps.clock);
        let committed = false;
        try {
          for await (const message of open(attempt.backend, limit.call)) {
            limit.answered();
            committed = true;
            yield message;
          }
          attempt.end("OK");
          return;
        } catch (error) {
          journey.failed(attempt, limit.explain(error), committed);
        }
      }
    },
  };
}

/** One call on its way from endpoint to endpoint. */
class Journey<B extends PooledBackend> {
  readonly #route: Route<B>;
  readonly #call: RoutedCall;
  readonly #deps: DispatchDeps;
  readonly #startedMs: number;
  readonly #tried: string[] = [];
  /** How the tries ended, in the order of their ends. */
  readonly #reports: AttemptReport[] = [];

  constructor(route: Route<B>, call: RoutedCall, deps: DispatchDeps) {
    this.#route = route;
    this.#call = call;
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
  }

  /** Begins an attempt on an endpoint that was not tried. Throws when there is none. */
  next(): Attempt<B> {
    const { signal, requestId } = this.#call;
    const { pool, balancer, algorithm } = this.#route;
    if (signal.aborted) throw faultFrom(signal.reason);
    const candidates = this.#untried();
    if (!isSome(candidates)) {
      throw fault("POOL_EMPTY", `no endpoint of pool "${pool.name}" is healthy`, {
        cause: causeOfSickness(pool),
      });
    }
    const lease = pool.lease(balancer(candidates));
    this.#tried.push(lease.id);
    const about = { requestId, pool: pool.name, algorithm };
    const tell = this.#deps.onAttempt?.({ ...about, endpoint: lease.id });
    const report = (ended: AttemptReport) => {
      this.#reports.push(ended);
      tell?.(ended);
    };
    return new Attempt(lease, { ...about, signal, clock: this.#deps.clock, report });
  }

  /** The call as the attempt's endpoint is given it, with the time that is left. */
  rest({ endpoint }: Attempt<B>): AttemptCall {
    const { signal, requestId } = this.#call;
    const timeoutMs = this.#timeLeftMs();
    return timeoutMs === undefined
      ? { signal, requestId, endpoint }
      : { signal, requestId, endpoint, timeoutMs };
  }

  /** Ends `attempt`; returns when another may follow, else throws the final fault. */
  failed(attempt: Attempt<B>, thrown: unknown, committed: boolean): void {
    const error = faultFrom(thrown);
    attempt.failed(error);
    const { aborted } = this.#call.signal;
    const timeLeftMs = this.#timeLeftMs();
    const failedCall = {
      error,
      attempts: this.#tried.length,
      committed,
      aborted,
      ...(timeLeftMs === undefined ? {} : { timeLeftMs }),
    };
    if (mayRetry(failedCall, this.#route.retryAttempts) && this.#untried().length > 0) return;
    const attempts = this.#reports.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`);
    throw withMetadata(error, { attempts: attempts.join(",") });
  }

  #untried(): Candidate[] {
    const candidates = this.#route.pool.candidates();
    const tried = this.#tried;
    return tried.length === 0 ? candidates : candidates.filter(({ id }) => !tried.includes(id));
  }

  #timeLeftMs(): number | undefined {
    const { timeoutMs } = this.#call;
    if (timeoutMs === undefined) return undefined;
    return Math.max(0, timeoutMs - (this.#deps.clock.nowMs() - this.#startedMs));
  }
}

/** What the last probe of an unhealthy member failed with. */
function causeOfSickness(pool: Pool<PooledBackend>): unknown {
  for (const { health } of pool.snapshot()) if (health.kind === "unhealthy") return health.cause;
  return undefined;
}

function isSome(candidates: readonly Candidate[]): candidates is Candidates {
  return candidates.length > 0;
}
