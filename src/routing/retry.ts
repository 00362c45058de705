/** Whether a failed call may be tried again at all; whether elsewhere may do better is the route's to say. Pure. */

/** A call after a failed attempt. */
export interface FailedCall {
  /** Attempts made, the failed one included. */
  readonly attempts: number;
  /** The caller has already been given a part of the response. */
  readonly committed: boolean;
  /** The caller is gone, or its deadline has passed. */
  readonly aborted: boolean;
  /** Milliseconds until the deadline; absent when there is none. */
  readonly timeLeftMs?: number;
}

/** True when trying again is safe, and `retryAttempts` (beyond the first) are not used up. */
export function mayRetry(failed: FailedCall, retryAttempts: number): boolean {
  const { attempts, committed, aborted, timeLeftMs = 1 } = failed;
  return !committed && !aborted && timeLeftMs > 0 && attempts <= retryAttempts;
}

/** The pauses before an endpoint is asked once more. */
export const pauses = { baseMs: 100, maxMs: 2_000 } as const;

/** Longest time that the pauses of a call take together. */
export const waitMsMax = 10_000;

/** A pause that a call is about to make. */
export interface Pause {
  readonly pauseMs: number;
  /** What its pauses so far took. */
  readonly waitedMs: number;
  /** Milliseconds until the deadline; undefined when there is none. */
  readonly timeLeftMs: number | undefined;
}

/** Whether a call may wait so long: not when nothing could come of it before its deadline. */
export function mayWait({ pauseMs, waitedMs, timeLeftMs }: Pause): boolean {
  return waitedMs + pauseMs <= waitMsMax && (timeLeftMs === undefined || pauseMs < timeLeftMs);
}
