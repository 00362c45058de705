/** A condition variable: wait until something has changed, then look again. */

/** Rings for everyone who waits at that moment. */
export interface Bell {
  ring(): void;
  /** Resolves at the next ring. */
  rung(): Promise<void>;
}

/** A bell that no one has rung. */
export function createBell(): Bell {
  let next = Promise.withResolvers<void>();
  return {
    ring() {
      next.resolve();
      next = Promise.withResolvers();
    },
    rung: () => next.promise,
  };
}
