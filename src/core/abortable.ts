/** Waiting for something that cannot be stopped itself, no longer than a signal allows. */

import { onAbort } from "./on-abort.ts";

/**
 * What `work` settles to, or the signal's reason when that aborts first. The work then goes on
 * unobserved: its own failure is no one's any more.
 */
export async function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const forget = onAbort(signal, aborted.reject);
  try {
    return await Promise.race([aborted.promise, work]);
  } finally {
    forget();
  }
}
