/** The one clock that all threads of the process read: each has a clock of its own besides, which began with it. */

/** Monotonic time. */
export const processClock = {
  /** In milliseconds. */
  nowMs(): number {
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1_000 + nanoseconds / 1e6;
  },
};
