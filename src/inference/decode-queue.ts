/** A few images are decoded at once, as far as memory goes; the others wait in a bounded queue. */

import { abortable } from "#core/abortable.ts";
import { ByteBudget } from "#core/byte-budget.ts";
import { fault } from "#errors/fault.ts";

/** How many images may be where. */
export interface DecodeQueueOptions {
  /** Decoded at once, at least 1. */
  readonly runningMax: number;
  /** Waiting; more are refused. */
  readonly waitingMax: number;
  /** Memory of all that are decoded at once. One that needs more is decoded alone. */
  readonly bytesMax: number;
}

/** Waits until there is memory for a decoding that takes `bytes`. Once per decoding. */
export type ClaimBytes = (bytes: number) => Promise<void>;

/** Decodings in the order they were asked for. */
export interface DecodeQueue {
  /**
   * What `decode` gives. Rejects with OVERLOADED when the queue is full, and with the signal's reason
   * as soon as that aborts: what waited is dropped then, what has begun keeps its place to its end,
   * for it cannot be stopped. `decode` claims its memory as soon as it knows how much that is.
   */
  run<T>(decode: (claim: ClaimBytes) => Promise<T>, signal: AbortSignal): Promise<T>;
}

/** An empty queue. */
export function createDecodeQueue(options: DecodeQueueOptions): DecodeQueue {
  const { runningMax, waitingMax, bytesMax } = options;
  const memory = new ByteBudget(bytesMax);
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
      let claimedBytes = 0;
      const decoded = decode(async (bytes) => {
        const needed = Math.min(bytes, bytesMax);
        // As many wait as are in their places, so that none is refused.
        if (!(await memory.takeInTurn(needed, signal))) throw signal.reason;
        claimedBytes = needed;
      });
      const end = () => {
        memory.release(claimedBytes);
        leave();
      };
      decoded.then(end, end);
      return await abortable(decoded, signal);
    },
  };
}
