/** Long computations in slices, so that everyone who computes shares the event loop with everyone else. */

import { type Clock, systemClock } from "./clock.ts";

/** The computing time of one process, shared by all that compute in slices. */
export interface Turns {
  /**
   * Asks for time for one more slice. Undefined: there is time left in this turn of the event loop;
   * else resolves in a later turn, in the order of the requests.
   */
  next(): Promise<void> | undefined;
  /** Lets others go first, whatever time is left: for who has just computed much in one piece. */
  later(): Promise<void>;
}

/** Computing time per turn of the event loop, in milliseconds, by all slices together. */
const turnMs = 1;

/**
 * A turn is over once the slices in it have taken `turnMs`, whoever computed them; the event loop
 * is blocked no longer than that and one slice more. A turn has a bound of its own rather than each
 * computation, because a hundred calls may begin in the same turn.
 */
export function createTurns(clock: Pick<Clock, "nowMs">): Turns {
  const waiting: (() => void)[] = [];
  let isOpen = false;
  let endsMs = 0;

  function open(): void {
    isOpen = true;
    endsMs = clock.nowMs() + turnMs;
    setImmediate(over);
  }

  function over(): void {
    const resume = waiting.shift();
    isOpen = false;
    if (resume === undefined) return;
    open();
    resume();
  }

  return {
    next() {
      if (!isOpen) open();
      else if (clock.nowMs() >= endsMs) return new Promise((resolve) => waiting.push(resolve));
      return undefined;
    },
    later() {
      if (!isOpen) open();
      return new Promise((resolve) => waiting.push(resolve));
    },
  };
}

/** What `work` returns; others may have their turn where it yields. */
export async function inTurns<T>(work: Generator<void, T>, shared: Turns): Promise<T> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await shared.next();
  }
}

/** The turns of this process: it has one event loop. */
export const turns: Turns = createTurns(systemClock);

/** What `work` returns, in one piece. */
export function atOnce<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}
