/** Hearing of an abort, whether it is past or still to come. */

/** Calls `listener` with the signal's reason, at once when it has aborted. Returns what stops that. */
export function onAbort(signal: AbortSignal, listener: (reason: unknown) => void): () => void {
  if (signal.aborted) {
    listener(signal.reason);
    return () => {};
  }
  const abort = () => listener(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  return () => signal.removeEventListener("abort", abort);
}
