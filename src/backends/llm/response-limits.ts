/** The limits of one call: the time until the first event of its response, and the time for all of it. */

import type { Deadlines } from "#core/deadlines.ts";
import { abortFollowed, followedController } from "#core/followed-signal.ts";
import { onAbort } from "#core/on-abort.ts";
import { fault } from "#errors/fault.ts";

/** A call that aborts with its caller, when a limit passes, or when its response is left. */
export class LimitedCall {
  readonly #over = followedController();
  readonly #caller: AbortSignal;
  readonly #ends: (() => void)[];
  /** The limit that has passed. */
  #late: Error | undefined;

  constructor(caller: AbortSignal) {
    this.#caller = caller;
    this.#ends = [onAbort(caller, (reason) => abortFollowed(this.#over, reason))];
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Fails the call with BACKEND_FIRST_TOKEN_TIMEOUT unless the function that is returned is called in time. */
  limitFirst(first: Deadlines): () => void {
    return this.#limit(first, () =>
      fault("BACKEND_FIRST_TOKEN_TIMEOUT", `no token within ${first.lengthMs} ms`),
    );
  }

  /** Fails the call with BACKEND_TOTAL_TIMEOUT unless it ends in time. */
  limitTotal(total: Deadlines): void {
    this.#limit(total, () =>
      fault("BACKEND_TOTAL_TIMEOUT", `the response was not whole within ${total.lengthMs} ms`),
    );
  }

  /** `late` makes its error only when it passes: one costs more than most of a call. */
  #limit(deadlines: Deadlines, late: () => Error): () => void {
    const end = deadlines.begin(() => {
      this.#late ??= late();
      abortFollowed(this.#over, this.#late);
    });
    this.#ends.push(end);
    return end;
  }

  /** What was thrown, or the limit when it was that. */
  explain(thrown: unknown): unknown {
    return this.#late !== undefined && !this.#caller.aborted ? this.#late : thrown;
  }

  /** Nothing can be late any more. A response that was not read to its end is given up. */
  end(isWhole: boolean): void {
    for (const end of this.#ends) end();
    if (!isWhole) abortFollowed(this.#over, left);
  }
}

/** No one sees it: the call has ended before. */
const left = new Error("nobody reads the response");
