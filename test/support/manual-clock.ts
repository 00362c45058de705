/** A clock that stands still until a test moves it. */

import { setImmediate as eventLoopTurn } from "node:timers/promises";
import type { Clock, Timer } from "#core/clock.ts";

/** Time in a test's hands. */
export interface ManualClock extends Clock {
  /**
   * Moves time on, waking sleepers in the order of their due times (ties: who slept first). All that
   * follows from one moment, new sleepers included, happens before the next.
   */
  advance(ms: number): Promise<void>;
  /** How many sleep now. */
  sleeping(): number;
  /** Resolves as soon as at least `count` sleep. */
  untilSleeping(count: number): Promise<void>;
}

interface Sleeper {
  readonly dueMs: number;
  wake(): void;
}

/** Monotonic time begins at 0, wall time at `startWallMs`. */
export function createManualClock(startWallMs = Date.UTC(2026, 0, 31, 9, 5, 7)): ManualClock {
  let nowMs = 0;
  const sleepers = new Set<Sleeper>();
  const timers = new WeakMap<Timer, AbortController>();
  const watchers = new Set<{ readonly count: number; tell(): void }>();

  const nextDue = (untilMs: number): number | undefined => {
    let due: number | undefined;
    for (const { dueMs } of sleepers) {
      if (dueMs <= untilMs && (due === undefined || dueMs < due)) due = dueMs;
    }
    return due;
  };

  const clock: ManualClock = {
    nowMs: () => nowMs,
    wallMs: () => startWallMs + nowMs,
    sleeping: () => sleepers.size,
    async sleep(ms, signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const sleeper = { dueMs: nowMs + ms, wake: resolve };
      const abort = () => reject(signal?.reason);
      signal?.addEventListener("abort", abort, { once: true });
      sleepers.add(sleeper);
      for (const watcher of watchers) if (sleepers.size >= watcher.count) watcher.tell();
      try {
        await promise;
      } finally {
        sleepers.delete(sleeper);
        signal?.removeEventListener("abort", abort);
      }
    },
    timer(ms, due, subject) {
      const stop = new AbortController();
      clock.sleep(ms, stop.signal).then(
        () => due(subject, ms),
        () => {},
      );
      const timer = { unref() {} };
      timers.set(timer, stop);
      return timer;
    },
    stop: (timer) => timers.get(timer)?.abort(),
    async untilSleeping(count) {
      if (sleepers.size >= count) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const watcher = { count, tell: resolve };
      watchers.add(watcher);
      await promise;
      watchers.delete(watcher);
    },
    async advance(ms) {
      const untilMs = nowMs + ms;
      await eventLoopTurn();
      for (let due = nextDue(untilMs); due !== undefined; due = nextDue(untilMs)) {
        nowMs = due;
        for (const sleeper of [...sleepers]) if (sleeper.dueMs === due) sleeper.wake();
        await eventLoopTurn();
      }
      nowMs = untilMs;
    },
  };
  return clock;
}
