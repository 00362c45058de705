/** Whether a failed call may be tried on another endpoint. Pure. */

import type { ConnectError } from "@connectrpc/connect";
import { rowOf } from "#errors/fault.ts";

/** A call after a failed attempt. */
export interface FailedCall {
  readonly error: ConnectError;
  /** Attempts made, the failed one included. */
  readonly attempts: number;
  /** The caller has already been given a part of the answer. */
  readonly committed: boolean;
  /** The caller is gone, or its deadline has passed. */
  readonly aborted: boolean;
  /** Milliseconds until the deadline; absent when there is none. */
  readonly timeLeftMs?: number;
}

/** True when trying again is safe, may help, and `retryAttempts` (beyond the first) are not used up. */
export function mayRetry(failed: FailedCall, retryAttempts: number): boolean {
  const { error, attempts, committed, aborted, timeLeftMs = 1 } = failed;
  if (committed || aborted || timeLeftMs <= 0) return false;
  return attempts <= retryAttempts && rowOf(error).retryable;
}
