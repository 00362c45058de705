/** The limits of one response: the time until its first event, and the time for all of it. */

import type { Clock } from "#core/clock.ts";
import { fault } from "#errors/fault.ts";

/** What bounds a response. */
export interface ResponseLimits {
  readonly signal: AbortSignal;
  /** Until the first event of a stream. */
  readonly firstMs: number;
  /** Until its end. */
  readonly totalMs: number;
  readonly clock: Clock;
}

/** A limit that runs. */
class Limit {
  readonly #over = new AbortController();
  readonly #done = new AbortController();

  /** `reason` is made only when the limit is passed: an error costs more than most of a call's way. */
  constructor(ms: number, clock: Clock, reason: () => Error) {
    clock.sleep(ms, this.#done.signal).then(
      () => this.#over.abort(reason()),
      () => {}, // kept in time
    );
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  end(): void {
    this.#done.abort();
  }

  /** What was thrown, or the limit when it was that. */
  explain(thrown: unknown, signal: AbortSignal): unknown {
    const { aborted, reason } = this.#over.signal;
    return aborted && !signal.aborted ? reason : thrown;
  }
}

function totalLimit(totalMs: number, clock: Clock): Limit {
  return new Limit(totalMs, clock, () =>
    fault("BACKEND_TOTAL_TIMEOUT", `the response was not whole within ${totalMs} ms`),
  );
}

/** Runs a call that is answered as a whole. Throws BACKEND_TOTAL_TIMEOUT when it takes too long; its signal aborts then. */
export async function withTotalTimeout<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signal, totalMs, clock }: Omit<ResponseLimits, "firstMs">,
): Promise<T> {
  const total = totalLimit(totalMs, clock);
  try {
    return await work(AbortSignal.any([signal, total.signal]));
  } catch (thrown) {
    throw total.explain(thrown, signal);
  } finally {
    total.end();
  }
}

/**
 * Opens a stream and pulls it. Throws BACKEND_FIRST_TOKEN_TIMEOUT when nothing came in time, and
 * BACKEND_TOTAL_TIMEOUT when it has not ended in time; the stream's signal aborts then.
 */
export async function* withResponseLimits<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { signal, firstMs, totalMs, clock }: ResponseLimits,
): AsyncGenerator<T> {
  const first = new Limit(firstMs, clock, () =>
    fault("BACKEND_FIRST_TOKEN_TIMEOUT", `no token within ${firstMs} ms`),
  );
  const total = totalLimit(totalMs, clock);
  try {
    for await (const event of open(AbortSignal.any([signal, first.signal, total.signal]))) {
      first.end();
      yield event;
    }
  } catch (thrown) {
    throw total.explain(first.explain(thrown, signal), signal);
  } finally {
    first.end();
    total.end();
  }
}
