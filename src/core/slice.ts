/** Work that is done in slices, between which the process looks at everything else. */

import { type Clock, systemClock } from "./clock.ts";

let last = Promise.resolve();

/**
 * Resolves in a later turn of the event loop. However many wait, one of them goes on per turn: what
 * keeps sockets and timers waiting is one slice.
 */
export function nextTurn(): Promise<void> {
  last = last.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
  return last;
}

/** What one may work before others go first, in milliseconds. */
const sliceMs = 5;

/** The time of one piece of work, which asks for it now and then. */
export class Slice {
  readonly #clock: Clock;
  #endMs: number;

  constructor(clock: Clock = systemClock) {
    this.#clock = clock;
    this.#endMs = clock.nowMs() + sliceMs;
  }

  /** The time is up: others go first. */
  get isOver(): boolean {
    return this.#clock.nowMs() >= this.#endMs;
  }

  /** Lets others go first; then the next slice begins. */
  async next(): Promise<void> {
    await nextTurn();
    this.#endMs = this.#clock.nowMs() + sliceMs;
  }
}
