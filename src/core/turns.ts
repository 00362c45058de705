/** Long computations in slices, one slice a turn of the event loop, whoever computes. */

import { type Clock, systemClock } from "./clock.ts";

/** Resolves when the caller may compute its next slice. */
export type NextTurn = () => Promise<void>;

/**
 * A queue of everyone who shares the turns. However many wait, only one of them goes on between two
 * looks at sockets and timers: what blocks the loop is one slice.
 */
export function createTurns(): NextTurn {
  let last = Promise.resolve();
  return () => {
    last = last.then(() => new Promise<void>((resolve) => setImmediate(resolve)));
    return last;
  };
}

/** The queue of all who have none of their own: a process has one event loop. */
export const nextTurn: NextTurn = createTurns();

/** What one may compute before others go first, in milliseconds. */
const sliceMs = 5;

/** Whether a computation has had its slice: asked now and then by one that cannot tell how long it takes. */
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
