/** The one source of time: clocks, waiting, timers and time limits. */

import { setTimeout as wait } from "node:timers/promises";
import { onAbort } from "./on-abort.ts";

/** A timer that runs. */
export interface Timer {
  /** The process need not stay alive for it. */
  unref(): unknown;
}

/** A source of time. Rooms take one instead of reading the system's, so that tests can set it. */
export interface Clock {
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `due(subject, ms)` after `ms`: for what cannot afford a promise, or a closure, per wait. */
  timer<T>(ms: number, due: (subject: T, ms: number) => void, subject: T): Timer;
  /** Stops a timer that this clock gave; one that is due already stays as it is. */
  stop(timer: Timer): void;
}

/** The machine's own time. Sleeping does not keep the process alive. */
export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wallMs: () => Date.now(),
  async sleep(ms, signal) {
    try {
      await wait(ms, undefined, signal === undefined ? { ref: false } : { ref: false, signal });
    } catch (error) {
      throw signal?.aborted ? signal.reason : error;
    }
  },
  timer: (ms, due, subject) => setTimeout(due, ms, subject, ms),
  stop: (timer) => clearTimeout(timer as NodeJS.Timeout),
};

/** A signal that a timer aborts; disposing of it stops the timer and releases its parent. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

function timeOut(controller: AbortController, ms: number): void {
  controller.abort(new DOMException(`the limit of ${ms} ms passed`, "TimeoutError"));
}

/** Aborts with a TimeoutError after `ms`, or earlier with the parent's reason. */
export function timeLimit(ms: number, parent: AbortSignal, clock = systemClock): TimeLimit {
  const controller = new AbortController();
  const unfollow = onAbort(parent, (reason) => controller.abort(reason));
  const timer = clock.timer(ms, timeOut, controller);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clock.stop(timer);
      unfollow();
    },
  };
}
