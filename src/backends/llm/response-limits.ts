/** The limits of one response: the time until its first event, and the time for all of it. */

import type { Deadlines } from "#core/deadlines.ts";
import { onAbort } from "#core/on-abort.ts";
import { fault } from "#errors/fault.ts";

/** What bounds a response. */
export interface ResponseLimits {
  readonly signal: AbortSignal;
  /** Until the first event of a stream. */
  readonly first: Deadlines;
  /** Until its end. */
  readonly total: Deadlines;
}

/** A call that aborts with its caller, or when a limit passes. */
class Bounded {
  readonly #over = new AbortController();
  readonly #caller: AbortSignal;
  readonly #ends: (() => void)[];
  /** The limit that has passed. */
  #late: Error | undefined;

  constructor(caller: AbortSignal) {
    this.#caller = caller;
    this.#ends = [onAbort(caller, (reason) => this.#over.abort(reason))];
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Adds a limit. `late` makes its error only when it passes: one costs more than most of a call. Returns what ends it. */
  limit(deadlines: Deadlines, late: () => Error): () => void {
    const end = deadlines.begin(() => {
      this.#late ??= late();
      this.#over.abort(this.#late);
    });
    this.#ends.push(end);
    return end;
  }

  /** What was thrown, or the limit when it was that. */
  explain(thrown: unknown): unknown {
    return this.#late !== undefined && !this.#caller.aborted ? this.#late : thrown;
  }

  end(): void {
    for (const end of this.#ends) end();
  }
}

function limitTotal(call: Bounded, total: Deadlines): void {
  call.limit(total, () =>
    fault("BACKEND_TOTAL_TIMEOUT", `the response was not whole within ${total.lengthMs} ms`),
  );
}

/** Runs a call that is answered as a whole. Throws BACKEND_TOTAL_TIMEOUT when it takes too long; its signal aborts then. */
export async function withTotalTimeout<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { signal, total }: Omit<ResponseLimits, "first">,
): Promise<T> {
  const call = new Bounded(signal);
  limitTotal(call, total);
  try {
    return await work(call.signal);
  } catch (thrown) {
    throw call.explain(thrown);
  } finally {
    call.end();
  }
}

/**
 * Opens a stream and pulls it. Throws BACKEND_FIRST_TOKEN_TIMEOUT when nothing came in time, and
 * BACKEND_TOTAL_TIMEOUT when it has not ended in time; the stream's signal aborts then.
 */
export async function* withResponseLimits<T>(
  open: (signal: AbortSignal) => AsyncIterable<T>,
  { signal, first, total }: ResponseLimits,
): AsyncGenerator<T> {
  const call = new Bounded(signal);
  const begun = call.limit(first, () =>
    fault("BACKEND_FIRST_TOKEN_TIMEOUT", `no token within ${first.lengthMs} ms`),
  );
  limitTotal(call, total);
  try {
    for await (const event of open(call.signal)) {
      begun();
      yield event;
    }
  } catch (thrown) {
    throw call.explain(thrown);
  } finally {
    call.end();
  }
}
