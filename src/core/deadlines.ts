/** Limits of one length, of which most never pass: one sleep at a time for all of them. */

import type { Clock } from "./clock.ts";

interface Deadline {
  readonly atMs: number;
  readonly passed: () => void;
}

/** Deadlines in the order in which they pass, which is that of their beginning; a timer for each costs more than most of a call. */
export class Deadlines {
  readonly lengthMs: number;
  readonly #clock: Clock;
  readonly #open = new Set<Deadline>();
  #isSleeping = false;

  constructor(lengthMs: number, clock: Clock) {
    this.lengthMs = lengthMs;
    this.#clock = clock;
  }

  /** Calls `passed`, which must not throw, when the length has gone by. Returns what stops that. */
  begin(passed: () => void): () => void {
    const deadline = { atMs: this.#clock.nowMs() + this.lengthMs, passed };
    this.#open.add(deadline);
    if (!this.#isSleeping) void this.#sleep(this.lengthMs);
    return () => this.#open.delete(deadline);
  }

  async #sleep(firstMs: number): Promise<void> {
    this.#isSleeping = true;
    for (let waitMs: number | undefined = firstMs; waitMs !== undefined; waitMs = this.#look()) {
      await this.#clock.sleep(waitMs);
    }
    this.#isSleeping = false;
  }

  /** Notifies those whose time is up. Returns the milliseconds until the next is; undefined when none is left. */
  #look(): number | undefined {
    const nowMs = this.#clock.nowMs();
    for (const deadline of this.#open) {
      if (deadline.atMs > nowMs) return deadline.atMs - nowMs;
      this.#open.delete(deadline);
      deadline.passed();
    }
    return undefined;
  }
}
