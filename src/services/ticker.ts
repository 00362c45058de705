/** One timer for all who wait for times of their own. */

import type { Clock } from "#core/clock.ts";
import { onAbort } from "#core/on-abort.ts";

/** Who waits. */
interface Waiter {
  readonly dueMs: number;
  resolve(): void;
}

/**
 * Wakes whoever is due at the nearest tick, so that one who waits again and again for as long as a
 * tick is woken at each. The timer runs while somebody waits.
 */
export class Ticker {
  readonly #clock: Clock;
  readonly #tickMs: number;
  readonly #waiting = new Set<Waiter>();
  #isRunning = false;

  /** `tickMs` is above 0. */
  constructor(clock: Clock, tickMs: number) {
    this.#clock = clock;
    this.#tickMs = tickMs;
  }

  /** Resolves after `ms`, give or take half a tick, or when the signal aborts. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { dueMs: this.#clock.nowMs() + ms - this.#tickMs / 2, resolve };
    this.#waiting.add(waiter);
    const forget = onAbort(signal, () => resolve());
    if (!this.#isRunning) void this.#run();
    await promise;
    forget();
    this.#waiting.delete(waiter);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.size > 0) {
      await this.#clock.sleep(this.#tickMs);
      const nowMs = this.#clock.nowMs();
      for (const waiter of this.#waiting) {
        if (waiter.dueMs > nowMs) continue;
        this.#waiting.delete(waiter);
        waiter.resolve();
      }
    }
    this.#isRunning = false;
  }
}
