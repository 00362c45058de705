/** Long computations in slices, one slice a turn of the event loop, whoever computes. */

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
