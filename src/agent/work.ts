/** What computing for a call depends on: time in the event loop's turns, and the call going on. */

import type { Turns } from "#core/turns.ts";

/** The computation for one call. */
export interface Work {
  readonly turns: Turns;
  /** The call's: when it aborts, its reason is thrown in the place of the next slice. */
  readonly signal: AbortSignal;
}

/**
 * Computes one slice when there is time for it. A slice takes a few milliseconds at most, whatever the input. It
 * follows the look at the time at once: after a promise, others who looked would compute first.
 */
export async function inTurn<T>({ turns, signal }: Work, slice: () => T): Promise<T> {
  const pause = turns.next();
  if (pause !== undefined) await pause;
  signal.throwIfAborted();
  return slice();
}
