/** Whether a failed call may be tried again at all; the route decides where. Pure. */

/** A call after a failed attempt. */
export interface FailedCall {
  /** Attempts made, the failed one included. */
  readonly attempts: number;
  /** Part of the response has already been sent to the caller. */
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

/** The pauses before an endpoint is asked again. */
export const pauses = { baseMs: 100, maxMs: 2_000 } as const;

/** Greatest total length of the pauses of one call. */
export const waitMsMax = 10_000;

/** A pause that a call is about to make. */
export interface Pause {
  readonly pauseMs: number;
  /** Total length of its pauses so far. */
  readonly waitedMs: number;
  /** Milliseconds until the deadline; undefined when there is none. */
  readonly timeLeftMs: number | undefined;
}

/** Whether a call may make this pause: not when its deadline would pass first. */
export function mayWait({ pauseMs, waitedMs, timeLeftMs }: Pause): boolean {
  return waitedMs + pauseMs <= waitMsMax && (timeLeftMs === undefined || pauseMs < timeLeftMs);
}
