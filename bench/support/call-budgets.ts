/** What a call may take in counts: `npm run bench rpc/counts` shows what it takes. */

/** Counts of a process since its start, or of one call. */
export interface Counts {
  /** Bytes taken of V8's heap. */
  readonly bytes: number;
  readonly promises: number;
  readonly timers: number;
  readonly immediates: number;
  /** System calls, those that write the log left out. */
  readonly reads: number;
  readonly writes: number;
}

/** A way through the gateway whose calls are counted. */
export type CallPath = "unary" | "json" | "stream message" | "hop";

/**
 * The most of each that a call may take; of a stream, one of its messages. What is counted one by one has
 * half a count to spare; bytes depend on when V8 compiled what, and have a third to a half.
 */
export const callBudgets: Readonly<Record<CallPath, Counts>> = {
  unary: { bytes: 32_000, promises: 8.5, timers: 0.5, immediates: 2.5, reads: 1.5, writes: 1.5 },
  json: { bytes: 38_000, promises: 8.5, timers: 0.5, immediates: 2.5, reads: 1.5, writes: 1.5 },
  "stream message": {
    ...{ bytes: 2_200, promises: 5.8, timers: 0.1, immediates: 0.1, reads: 0.1, writes: 0.1 },
  },
  hop: { bytes: 65_000, promises: 15.7, timers: 0.5, immediates: 4.5, reads: 2.5, writes: 2.5 },
};
