/** A few images are decoded at once, the others wait in a bounded queue. */

import { abortable } from "#core/abortable.ts";
import { fault } from "#errors/fault.ts";

/** How many images may be where. */
export interface DecodeQueueOptions {
  /** Decoded at once, at least 1. */
  readonly runningMax: number;
  /** Waiting; more are refused. */
  readonly waitingMax: number;
}

/** Decodings in the order they were asked for. */
export interface DecodeQueue {
  /**
   * What `decode` gives. Rejects with OVERLOADED when the queue is full, and with the signal's reason
   * as soon as that aborts: what waited is dropped then, what has begun keeps its place to its end,
   * for it cannot be stopped.
   */
  run<T>(decode: () => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** An empty queue. */
export function createDecodeQueue({ runningMax, waitingMax }: DecodeQueueOptions): DecodeQueue {
  const waiting = new Set<() => void>();
  let running = 0;

  async function enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < runningMax) {
      running += 1;
      return;
    }
    if (waiting.size >= waitingMax) {
      const limit = `${waitingMax} images wait to be decoded, which is the limit`;
      throw fault("OVERLOADED", limit);
    }
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => {
      if (waiting.delete(resolve)) reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    waiting.add(resolve);
    await promise.finally(() => signal.removeEventListener("abort", onAbort));
  }

  /** The place goes to the one that waits longest, or becomes free. */
  function leave(): void {
    const [next] = waiting;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    next();
  }

  return {
    async run(decode, signal) {
      await enter(signal);
      const decoded = decode();
      decoded.then(leave, leave);
      return await abortable(decoded, signal);
    },
  };
}
