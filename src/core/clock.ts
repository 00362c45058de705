/** The one tap for time: what the house knows of clocks, waiting and time limits. */

import { setTimeout as wait } from "node:timers/promises";
import { onAbort } from "./on-abort.ts";

/** A source of time. Rooms take one instead of reading the system's, so that tests can turn it. */
export interface Clock {
  /** Monotonic milliseconds, with fractions; only differences mean something. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch. */
  wallMs(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
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
};

/** A signal with a timer behind it; disposing of it stops the timer and lets go of its parent. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

/** Aborts with a TimeoutError after `ms`, or earlier with the parent's reason. */
export function timeLimit(ms: number, parent: AbortSignal): TimeLimit {
  const controller = new AbortController();
  const unfollow = onAbort(parent, (reason) => controller.abort(reason));
  const timer = setTimeout(() => {
    controller.abort(new DOMException(`the limit of ${ms} ms passed`, "TimeoutError"));
  }, ms);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      unfollow();
    },
  };
}
