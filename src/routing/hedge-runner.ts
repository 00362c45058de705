/** A try that may race another one: it can be stopped at any time, and is not counted as a failure then. */

import type { Attempt } from "./attempt.ts";
import type { AttemptLimit } from "./attempt-limit.ts";
import type { Runner } from "./hedge.ts";
import type { AttemptCall } from "./routed-call.ts";

/** What such a try needs. */
export interface HedgeRunnerOptions<B, T> {
  readonly asked: AttemptCall;
  limit(asked: AttemptCall): AttemptLimit<AttemptCall>;
  /** Notified when it fails while the other try is in progress. */
  onLost(attempt: Attempt<B>, thrown: unknown): void;
  /** Releases a response that came too late. */
  readonly discard?: ((value: T) => void) | undefined;
}

/** One of two tries that may race each other. */
export class HedgeRunner<B, T> implements Runner<T> {
  readonly attempt: Attempt<B>;
  readonly asked: AttemptCall;
  readonly done: Promise<T>;
  readonly #onLost: (attempt: Attempt<B>, thrown: unknown) => void;
  readonly #stop = new AbortController();
  readonly #limit: AttemptLimit<AttemptCall>;
  readonly #discard: ((value: T) => void) | undefined;

  constructor(
    attempt: Attempt<B>,
    work: (backend: B, call: AttemptCall) => Promise<T>,
    { asked, limit, onLost, discard }: HedgeRunnerOptions<B, T>,
  ) {
    this.attempt = attempt;
    this.asked = asked;
    this.#onLost = onLost;
    this.#discard = discard;
    attempt.endOnAbort();
    const signal = AbortSignal.any([this.asked.signal, this.#stop.signal]);
    this.#limit = limit({ ...this.asked, signal });
    this.done = work(attempt.backend, this.#limit.call).then((value) => {
      this.#limit.answered();
      attempt.answered();
      return value;
    });
  }

  stop(): void {
    this.attempt.outrun();
    this.#stop.abort(new DOMException("another endpoint was faster", "AbortError"));
    // A response may come at the same moment.
    this.done.then(
      (value) => this.#discard?.(value),
      () => {},
    );
    this.close();
  }

  lost(thrown: unknown): void {
    this.#onLost(this.attempt, this.explain(thrown));
    this.close();
  }

  explain(thrown: unknown): unknown {
    return this.#limit.explain(thrown);
  }

  /** Removes the time limit. */
  close(): void {
    this.#limit[Symbol.dispose]();
  }
}
