/** The only retry loop: chooses an endpoint, tries, and goes elsewhere while that is safe. */

import type { Clock } from "#core/clock.ts";
import { reasonOf, withMetadata } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import { Attempt, type AttemptReport, type AttemptStart } from "./attempt.ts";
import { limitAttempt } from "./attempt-limit.ts";
import { mayRetry } from "./retry.ts";
import type { Choice, Route, Walk } from "./route.ts";

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
  /** Name of the pool that is asked. */
  readonly pool: string;
  /** Id of the pool's member that is asked. */
  readonly endpoint: string;
  /** The model to ask for, as the endpoint names it; empty leaves it to the endpoint. */
  readonly model: string;
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
  call<B, T>(
    route: Route<B>,
    work: (backend: B, call: AttemptCall) => Promise<T>,
    call: RoutedCall,
  ): Promise<T>;
  /** A stream, pulled as it is read. Goes elsewhere only until its first message. */
  stream<B, T>(
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
            attempt.answered();
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
class Journey<B> {
  readonly #route: Route<B>;
  readonly #walk: Walk<B>;
  readonly #call: RoutedCall;
  readonly #deps: DispatchDeps;
  readonly #startedMs: number;
  #attempts = 0;
  /** Claimed for the next try while the one before it failed. */
  #claimed: Choice<B> | undefined;
  /** How the tries ended, in the order of their ends. */
  readonly #reports: AttemptReport[] = [];

  constructor(route: Route<B>, call: RoutedCall, deps: DispatchDeps) {
    this.#route = route;
    this.#walk = route.begin();
    this.#call = call;
    this.#deps = deps;
    this.#startedMs = deps.clock.nowMs();
  }

  /** Begins a try on the next endpoint. Throws when there is none. */
  next(): Attempt<B> {
    const { signal, requestId } = this.#call;
    if (signal.aborted) {
      this.#claimed?.lease[Symbol.dispose]();
      throw faultFrom(signal.reason);
    }
    const choice = this.#claimed ?? this.#walk.next();
    this.#claimed = undefined;
    if (choice === undefined) throw this.#walk.empty();
    this.#attempts += 1;
    const { lease, pool, algorithm, model } = choice;
    const about = { requestId, pool, algorithm, model };
    const tell = this.#deps.onAttempt?.({ ...about, endpoint: lease.id });
    const report = (ended: AttemptReport) => {
      this.#reports.push(ended);
      tell?.(ended);
    };
    return new Attempt(lease, { ...about, signal, clock: this.#deps.clock, report });
  }

  /** The call as the attempt's endpoint is given it, with the time that is left. */
  rest({ endpoint, model, pool }: Attempt<B>): AttemptCall {
    const { signal, requestId } = this.#call;
    const timeoutMs = this.#timeLeftMs();
    return timeoutMs === undefined
      ? { signal, requestId, pool, endpoint, model }
      : { signal, requestId, pool, endpoint, model, timeoutMs };
  }

  /** Ends `attempt`; returns when another may follow, else throws the final fault. */
  failed(attempt: Attempt<B>, thrown: unknown, committed: boolean): void {
    const error = faultFrom(thrown);
    attempt.failed(error);
    const { aborted } = this.#call.signal;
    const timeLeftMs = this.#timeLeftMs();
    const failedCall = {
      attempts: this.#attempts,
      committed,
      aborted,
      ...(timeLeftMs === undefined ? {} : { timeLeftMs }),
    };
    if (mayRetry(failedCall, this.#route.retryAttempts)) {
      this.#claimed = this.#walk.next(reasonOf(error) ?? "INTERNAL");
      if (this.#claimed !== undefined) return;
    }
    const attempts = this.#reports.map(({ endpoint, outcome }) => `${endpoint}:${outcome}`);
    throw withMetadata(error, { attempts: attempts.join(",") });
  }

  #timeLeftMs(): number | undefined {
    const { timeoutMs } = this.#call;
    if (timeoutMs === undefined) return undefined;
    return Math.max(0, timeoutMs - (this.#deps.clock.nowMs() - this.#startedMs));
  }
}
