/** The only retry loop: chooses an endpoint, tries, and goes elsewhere while that is safe. */

import type { Clock } from "#core/clock.ts";
import { fault, reasonOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { Candidate, PooledBackend } from "#pool/member.ts";
import type { Pool } from "#pool/pool.ts";
import { type Attempt, type AttemptReport, type AttemptStart, beginAttempt } from "./attempt.ts";
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
      const journey = startJourney(route, call, deps);
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
      const journey = startJourney(route, call, deps);
      for (;;) {
        using attempt = journey.next();
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
interface Journey<B> {
  /** Begins an attempt on an endpoint that was not tried. Throws when there is none. */
  next(): Attempt<B>;
  /** The call as the attempt's endpoint is given it, with the time that is left. */
  rest(attempt: Attempt<B>): AttemptCall;
  /** Ends `attempt`; returns when another may follow, else throws the final fault. */
  failed(attempt: Attempt<B>, thrown: unknown, committed: boolean): void;
}

function startJourney<B extends PooledBackend>(
  { pool, balancer, algorithm, retryAttempts }: Route<B>,
  call: RoutedCall,
  { clock, onAttempt }: DispatchDeps,
): Journey<B> {
  const { signal, requestId, timeoutMs } = call;
  const startedMs = clock.nowMs();
  const tried: string[] = [];
  const reports: AttemptReport[] = [];

  const untried = () => {
    const candidates = pool.candidates();
    return tried.length === 0 ? candidates : candidates.filter(({ id }) => !tried.includes(id));
  };
  const timeLeftMs = (total: number) => Math.max(0, total - (clock.nowMs() - startedMs));
  const left = () => (timeoutMs === undefined ? {} : { timeLeftMs: timeLeftMs(timeoutMs) });

  return {
    next() {
      if (signal.aborted) throw faultFrom(signal.reason);
      const candidates = untried();
      if (!isSome(candidates)) {
        throw fault("POOL_EMPTY", `no endpoint of pool "${pool.name}" is healthy`);
      }
      const lease = pool.lease(balancer(candidates));
      tried.push(lease.id);
      const start = { requestId, pool: pool.name, endpoint: lease.id, algorithm };
      const tell = onAttempt?.(start);
      const report = (ended: AttemptReport) => {
        reports.push(ended);
        tell?.(ended);
      };
      return beginAttempt(lease, { ...start, signal, clock, report });
    },
    rest: ({ endpoint }) =>
      timeoutMs === undefined
        ? { ...call, endpoint }
        : { ...call, endpoint, timeoutMs: timeLeftMs(timeoutMs) },
    failed(attempt, thrown, committed) {
      const error = faultFrom(thrown);
      attempt.end(reasonOf(error) ?? "INTERNAL");
      const { aborted } = signal;
      const failedCall = { error, attempts: tried.length, committed, aborted, ...left() };
      if (mayRetry(failedCall, retryAttempts) && untried().length > 0) return;
      const attempts = reports.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`);
      throw withMetadata(error, { attempts: attempts.join(",") });
    },
  };
}

function isSome(candidates: readonly Candidate[]): candidates is Candidates {
  return candidates.length > 0;
}
