/** Whether a failed call may be tried again at all; whether elsewhere may do better is the route's to say. Pure. */

/** A call after a failed attempt. */
export interface FailedCall {
  /** Attempts made, the failed one included. */
  readonly attempts: number;
  /** The caller has already been given a part of the answer. */
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
