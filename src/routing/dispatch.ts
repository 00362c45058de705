/** The only retry loop: chooses an endpoint and tries it; after a failure it tries another one, or waits, as long as that may help. */

import type { Attempt } from "./attempt.ts";
import { limitAttempt } from "./attempt-limit.ts";
import type { HedgeRunner } from "./hedge-runner.ts";
import { Journey } from "./journey.ts";
import type { Route } from "./route.ts";
import type { AttemptCall, DispatchDeps, RoutedCall } from "./routed-call.ts";

export type {
  AttemptCall,
  CallWatch,
  DispatchDeps,
  Gate,
  GateExit,
  RoutedCall,
} from "./routed-call.ts";

/**
 * Sends calls to endpoints. Fails with POOL_EMPTY when no endpoint is healthy, else as the last
 * attempt did; `metadata.attempts` then names every one, as in `core-1:BACKEND_LOST,core-2:…`.
 */
export interface Dispatch {
  /** One response. */
  call<B, T>(
    route: Route<B>,
    work: (backend: B, call: AttemptCall) => Promise<T>,
    call: RoutedCall,
  ): Promise<T>;
  /** A stream, read only as fast as its reader reads. A retry is possible only before its first message. */
  stream<B, T>(
    route: Route<B>,
    open: (backend: B, call: AttemptCall) => AsyncIterable<T>,
    call: RoutedCall,
  ): AsyncGenerator<T, void, undefined>;
}

/** Builds the dispatch that all routes share. */
export function createDispatch(deps: DispatchDeps): Dispatch {
  return {
    call(route, work, call) {
      // Not an asynchronous function, which would cost every call: the first try is mostly the last.
      try {
        const journey = new Journey(route, call, deps);
        if (route.hedgeMs !== undefined) return hedgedCall(journey, work, route.hedgeMs);
        const asking = { journey, route, work, call, deps };
        const attempt = journey.next();
        return attempt === undefined ? restedCall(asking) : tried(asking, attempt);
      } catch (thrown) {
        return Promise.reject(thrown);
      }
    },

    async *stream(route, open, call) {
      const journey = new Journey(route, call, deps);
      if (route.hedgeMs !== undefined) {
        yield* hedgedStream(journey, open, route.hedgeMs);
        return;
      }
      for (;;) {
        using attempt = journey.next() ?? (await journey.rested());
        attempt.endOnAbort();
        const asked = journey.asked(attempt);
        using limit = limitAttempt(asked, route.attemptTimeoutMs, deps.clock);
        let committed = false;
        try {
          for await (const message of open(attempt.backend, limit.call)) {
            if (!committed) {
              committed = true;
              limit.answered();
              attempt.answered();
              call.watch?.answered(asked);
            }
            yield message;
          }
          journey.succeeded(attempt);
          return;
        } catch (error) {
          await journey.failed(attempt, limit.explain(error), committed);
        }
      }
    },
  };
}

/** One response that is asked for, by tries that follow each other. */
interface Asking<B, T> {
  readonly journey: Journey<B>;
  readonly route: Route<B>;
  readonly work: (backend: B, call: AttemptCall) => Promise<T>;
  readonly call: RoutedCall;
  readonly deps: DispatchDeps;
}

/** What a try comes to; where it fails and another may follow, what that one comes to. */
function tried<B, T>(asking: Asking<B, T>, attempt: Attempt<B>): Promise<T> {
  const { journey, route, work, call, deps } = asking;
  const asked = journey.asked(attempt);
  const limit = limitAttempt(asked, route.attemptTimeoutMs, deps.clock);
  const failed = async (error: unknown): Promise<T> => {
    try {
      await journey.failed(attempt, limit.explain(error), false);
    } finally {
      limit[Symbol.dispose]();
    }
    const next = journey.next();
    return await (next === undefined ? restedCall(asking) : tried(asking, next));
  };
  let answering: Promise<T>;
  try {
    answering = work(attempt.backend, limit.call);
  } catch (thrown) {
    return failed(thrown);
  }
  return answering.then((answer) => {
    try {
      call.watch?.answered(asked);
      journey.succeeded(attempt, answer);
    } catch (thrown) {
      return failed(thrown);
    }
    // Not `using`, which is several times as expensive as this call. The attempt has ended above.
    limit[Symbol.dispose]();
    return answer;
  }, failed);
}

/** The same when nobody can be asked yet. */
async function restedCall<B, T>(asking: Asking<B, T>): Promise<T> {
  return await tried(asking, await asking.journey.rested());
}

/** One response. When the first endpoint is silent for long, a second one is asked, and the faster one wins. */
async function hedgedCall<B, T>(
  journey: Journey<B>,
  work: (backend: B, call: AttemptCall) => Promise<T>,
  afterMs: number,
): Promise<T> {
  for (;;) {
    const attempt = journey.next() ?? (await journey.rested());
    const end = await journey.hedged(attempt, work, { afterMs });
    if (end === undefined) continue;
    journey.succeeded(end.runner.attempt, end.value);
    end.runner.close();
    return end.value;
  }
}

/** A stream. When the first endpoint is silent for long, a second one is asked, and the faster first message wins. */
async function* hedgedStream<B, T>(
  journey: Journey<B>,
  open: (backend: B, call: AttemptCall) => AsyncIterable<T>,
  afterMs: number,
): AsyncGenerator<T, void, undefined> {
  const begin = async (backend: B, asked: AttemptCall): Promise<Begun<T>> => {
    const messages = open(backend, asked)[Symbol.asyncIterator]();
    return { messages, head: await messages.next() };
  };
  const discard = ({ messages }: Begun<T>) => {
    messages.return?.().catch(() => {});
  };
  for (;;) {
    const attempt = journey.next() ?? (await journey.rested());
    const end = await journey.hedged(attempt, begin, { afterMs, discard });
    if (end === undefined) continue;
    yield* rest(end.runner, end.value, journey);
    return;
  }
}

/** A stream whose first message has come. */
interface Begun<T> {
  readonly messages: AsyncIterator<T>;
  readonly head: IteratorResult<T, unknown>;
}

/** The messages of the winning stream. */
async function* rest<B, T>(
  runner: HedgeRunner<B, Begun<T>>,
  { messages, head }: Begun<T>,
  journey: Journey<B>,
): AsyncGenerator<T, void, undefined> {
  using attempt = runner.attempt;
  let isOpen = true;
  try {
    for (let at = head; ; at = await messages.next()) {
      if (at.done === true) {
        isOpen = false;
        break;
      }
      yield at.value;
    }
    journey.succeeded(attempt);
  } catch (error) {
    isOpen = false;
    await journey.failed(attempt, error, true);
  } finally {
    if (isOpen) await messages.return?.();
    runner.close();
  }
}
