/** Starts a second try when the first is silent for long. The first response wins; the other try is stopped. */

import type { Clock } from "#core/clock.ts";

/** A running try. */
export interface Runner<T> {
  /** Settles when the try ends, with its response or its error. */
  readonly done: Promise<T>;
  /** Stops it, and releases any response. */
  stop(): void;
  /** It failed while another is in progress; only it is notified of that. */
  lost(thrown: unknown): void;
}

/** When a second try begins, and how. */
export interface HedgeOptions<R> {
  readonly afterMs: number;
  readonly clock: Clock;
  /** Begins it; undefined when none may. */
  another(): R | undefined;
}

/** The result of a race: the winner with its response, or the last failure with its error. */
export type RaceEnd<R, T> =
  | { readonly runner: R; readonly value: T }
  | { readonly runner: R; readonly thrown: unknown };

/** Runs `first`, and a second try after `afterMs` without a response. Never rejects. */
export async function race<T, R extends Runner<T>>(
  first: R,
  { afterMs, clock, another }: HedgeOptions<R>,
): Promise<RaceEnd<R, T>> {
  const running = new Set<R>();
  const over = new AbortController();
  const { promise, resolve } = Promise.withResolvers<RaceEnd<R, T>>();
  const run = (runner: R) => {
    running.add(runner);
    runner.done.then(
      (value) => resolve({ runner, value }),
      (thrown: unknown) => {
        running.delete(runner);
        if (over.signal.aborted) return;
        if (running.size > 0) runner.lost(thrown);
        else resolve({ runner, thrown });
      },
    );
  };
  run(first);
  clock.sleep(afterMs, over.signal).then(
    () => {
      const second = another();
      if (second !== undefined) run(second);
    },
    () => {}, // the first has ended in time
  );
  const end = await promise;
  over.abort();
  for (const runner of running) if (runner !== end.runner) runner.stop();
  return end;
}
