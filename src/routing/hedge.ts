/** A second try in parallel to one that is silent for long: the first response wins, the other try is asked to stop. */

import type { Clock } from "#core/clock.ts";

/** A try that runs. */
export interface Runner<T> {
  /** Settles with what the try came to. */
  readonly done: Promise<T>;
  /** Stops it, and lets go of what it has or will come to. */
  stop(): void;
  /** It has failed while another is in progress: no one else is notified. */
  lost(thrown: unknown): void;
}

/** When a second try begins, and how. */
export interface HedgeOptions<R> {
  readonly afterMs: number;
  readonly clock: Clock;
  /** Begins it; undefined when none may. */
  another(): R | undefined;
}

/** What a race came to: who won, with what; or who failed last, with what. */
export type RaceEnd<R, T> =
  | { readonly runner: R; readonly value: T }
  | { readonly runner: R; readonly thrown: unknown };

/** Runs `first`, and another in parallel to it after a silence. Never rejects. */
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
