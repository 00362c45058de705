/** A stream whose first event must come in time; what follows has the stream's own limits. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";

/** What bounds the wait. */
export interface FirstEventLimit {
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Opens a stream and pulls it. Throws BACKEND_FIRST_TOKEN_TIMEOUT when nothing came in time; the
 * stream's signal aborts then.
 */
export async function* withFirstEventTimeout<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { signal, timeoutMs, clock }: FirstEventLimit,
): AsyncGenerator<T> {
  const late = new AbortController();
  const inTime = new AbortController();
  const reason = fault("BACKEND_FIRST_TOKEN_TIMEOUT", `no token within ${timeoutMs} ms`);
  clock.sleep(timeoutMs, inTime.signal).then(
    () => late.abort(reason),
    () => {}, // it came in time
  );
  try {
    for await (const event of open(AbortSignal.any([signal, late.signal]))) {
      inTime.abort();
      yield event;
    }
  } catch (thrown) {
    throw late.signal.aborted && !signal.aborted ? reason : thrown;
  } finally {
    inTime.abort();
  }
}
