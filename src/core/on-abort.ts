/** Hearing of an abort, whether it is past or still to come. */

import { follow, unfollow } from "./followed-signal.ts";

/** Calls `listener` with the signal's reason, at once when it has aborted. Returns what stops that. */
export function onAbort(signal: AbortSignal, listener: (reason: unknown) => void): () => void {
  if (signal.aborted) {
    listener(signal.reason);
    return () => {};
  }
  const aborted = () => listener(signal.reason);
  const follower = { aborted };
  if (follow(signal, follower)) return () => unfollow(signal, follower);
  signal.addEventListener("abort", aborted, { once: true });
  return () => signal.removeEventListener("abort", aborted);
}
