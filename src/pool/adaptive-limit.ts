/** How many calls a backend takes at one time, found out by its own responses: additive increase, multiplicative decrease. Pure. */

/** Bounds of the search. */
export interface AdaptiveBounds {
  /** Where it begins, and below which it never falls; at least 1. */
  readonly min: number;
  readonly max: number;
}

/** One call that has ended. */
export interface EndedCall {
  /** `pushback`: the backend said, or showed by a time-out, that it has more than it can do. */
  readonly outcome: "ok" | "pushback" | "other";
  /** Monotonic time at which it began, in milliseconds. */
  readonly startedMs: number;
}

/** What is left of the limit after a decrease. */
const decreaseShare = 0.9;

/**
 * The limit of one backend. It grows by successes of calls in whose time all of it was used, since
 * others say nothing of what more would do: by one for each window, which is as many successes as the
 * limit, and by one for each success until the first pushback, that is, twofold per window. A pushback
 * takes a tenth, at most once per window: calls from before a decrease tell of a limit that is no more.
 */
export class AdaptiveLimit {
  readonly #bounds: AdaptiveBounds;
  #limit: number;
  #isSearching = true;
  /** When a call took the last place, and when the limit was decreased. */
  #fullMs = Number.NEGATIVE_INFINITY;
  #decreasedMs = Number.NEGATIVE_INFINITY;

  constructor(bounds: AdaptiveBounds) {
    this.#bounds = bounds;
    this.#limit = bounds.min;
  }

  /** Calls that may be in flight now. */
  get value(): number {
    return Math.floor(this.#limit);
  }

  /** A call has begun at `nowMs`, and so many are in flight, or about to be. */
  began(inFlight: number, nowMs: number): void {
    if (inFlight >= this.value) this.#fullMs = nowMs;
  }

  /** A call has ended at `nowMs`. */
  ended({ outcome, startedMs }: EndedCall, nowMs: number): void {
    if (outcome === "other" || startedMs <= this.#decreasedMs) return;
    const { min, max } = this.#bounds;
    if (outcome === "pushback") {
      this.#isSearching = false;
      this.#decreasedMs = nowMs;
      this.#limit = Math.max(min, Math.floor(this.#limit * decreaseShare));
    } else if (this.#fullMs >= startedMs) {
      const step = this.#isSearching ? 1 : 1 / this.value;
      this.#limit = Math.min(max, this.#limit + step);
    }
  }

  /** Begins anew. */
  reset(): void {
    this.#limit = this.#bounds.min;
    this.#isSearching = true;
    this.#fullMs = this.#decreasedMs = Number.NEGATIVE_INFINITY;
  }
}
