/** The server's own limit on its calls: one timer for all of them, since they have the same one. */

import { type Clock, systemClock } from "#core/clock.ts";

/** A call that may take no longer than the limit. */
export interface Limited {
  /** Its neighbours among those that are limited, and when its time is up: for the limits alone. */
  limitedBefore: Limited | undefined;
  limitedAfter: Limited | undefined;
  limitAtMs: number;
  /** Its time is up. */
  timeOut(limitMs: number): void;
}

/**
 * Calls in the order in which their time is up, which is that of their beginning. A list through
 * the calls themselves: a timer for each costs more than to begin and end ten calls here.
 */
export class TimeLimits {
  readonly limitMs: number;
  readonly #clock: Clock;
  #first: Limited | undefined;
  #last: Limited | undefined;
  #isArmed = false;

  /** `limitMs` is above 0. */
  constructor(limitMs: number, clock: Clock = systemClock) {
    this.limitMs = limitMs;
    this.#clock = clock;
  }

  /** Limits a call from now on. */
  add(call: Limited): void {
    call.limitAtMs = this.#clock.nowMs() + this.limitMs;
    call.limitedBefore = this.#last;
    if (this.#last === undefined) this.#first = call;
    else this.#last.limitedAfter = call;
    this.#last = call;
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#arm(this.limitMs);
  }

  /** A call that was added is limited no longer. */
  delete(call: Limited): void {
    const { limitedBefore: before, limitedAfter: after } = call;
    if (before === undefined) this.#first = after;
    else before.limitedAfter = after;
    if (after === undefined) this.#last = before;
    else after.limitedBefore = before;
    // Nothing that is over may hold on to what is not.
    call.limitedBefore = call.limitedAfter = undefined;
  }

  #arm(waitMs: number): void {
    // A call keeps the process alive by its connection, a limit need not.
    this.#clock.timer(waitMs, look, this).unref();
  }

  /** For the timer alone. */
  look(): void {
    const nowMs = this.#clock.nowMs();
    try {
      for (let call = this.#first; call !== undefined && call.limitAtMs <= nowMs; ) {
        this.delete(call);
        call.timeOut(this.limitMs);
        call = this.#first;
      }
    } finally {
      this.#isArmed = this.#first !== undefined;
      if (this.#first !== undefined) this.#arm(Math.max(0, this.#first.limitAtMs - nowMs));
    }
  }
}

function look(limits: TimeLimits): void {
  limits.look();
}
