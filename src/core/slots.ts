/** So many at one time; who comes later waits, in order, and may give up. */

import { onAbort } from "./on-abort.ts";

/** Slots that are taken and given back. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<() => void>();

  constructor(count: number) {
    this.#free = count;
  }

  /** Takes a slot: at once, or when the promise resolves. It rejects with the signal's reason. */
  take(signal: AbortSignal): Promise<void> | undefined {
    if (this.#free === 0) return this.#wait(signal);
    this.#free -= 1;
    return undefined;
  }

  /** Gives a slot back, to who waits for the longest. */
  give(): void {
    const [first] = this.#waiting;
    if (first === undefined) this.#free += 1;
    else first();
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const takes = () => {
      this.#waiting.delete(takes);
      unfollow();
      resolve();
    };
    this.#waiting.add(takes);
    const unfollow = onAbort(signal, (reason) => {
      this.#waiting.delete(takes);
      reject(reason);
    });
    return promise;
  }
}
