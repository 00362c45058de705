/** A circuit breaker: closed, open for a growing time, then half open for one call. Pure. */

/** How a call ended, to the breaker. */
export type BreakerOutcome = "ok" | "failed" | "ignored";

/** When a breaker opens. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** Or this share of the calls of a window, when there were enough of them. */
  readonly failureShare: number;
  readonly callsMin: number;
  readonly windowMs: number;
  /** How long it is open at first; twice as long each time that the call after it fails. */
  readonly openMs: number;
  readonly openMsMax: number;
}

/** The usual limits. */
export const defaultBreakerOptions: BreakerOptions = {
  failuresMax: 5,
  failureShare: 0.5,
  callsMin: 20,
  windowMs: 10_000,
  openMs: 5_000,
  openMsMax: 120_000,
};

/** What a breaker is. */
export type BreakerState = "closed" | "open" | "half_open";

/** The breaker of one endpoint, or of one model and key on it. */
export class Breaker {
  readonly #options: BreakerOptions;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  #openMs: number;
  #isOpen = false;
  /** The one call of a half-open breaker is under way. */
  #isProbing = false;
  #failuresInRow = 0;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #failures = 0;

  constructor(options: BreakerOptions = defaultBreakerOptions) {
    this.#options = options;
    this.#openMs = options.openMs;
  }

  state(nowMs: number): BreakerState {
    if (!this.#isOpen) return "closed";
    return nowMs < this.#openUntilMs ? "open" : "half_open";
  }

  /** Whether a call may be given now. */
  allows(nowMs: number): boolean {
    const state = this.state(nowMs);
    return state === "closed" || (state === "half_open" && !this.#isProbing);
  }

  /** A call begins; true when it is the one by which a half-open breaker is tested. */
  begin(nowMs: number): boolean {
    if (this.state(nowMs) !== "half_open" || this.#isProbing) return false;
    this.#isProbing = true;
    return true;
  }

  /** A call has ended; `probed` is what `begin` said of it. */
  end(outcome: BreakerOutcome, probed: boolean, nowMs: number): void {
    if (probed) this.#isProbing = false;
    if (outcome === "ignored") return;
    if (this.#isOpen) {
      // Calls from before the opening say nothing of now.
      if (probed) this.#decide(outcome, nowMs);
      return;
    }
    this.#count(outcome, nowMs);
    if (this.#isTooMuch()) this.#open(nowMs, this.#options.openMs);
  }

  /** Opens it at once and for so long: the endpoint itself said when to come back. */
  openFor(durationMs: number, nowMs: number): void {
    this.#open(nowMs, Math.min(durationMs, this.#options.openMsMax));
  }

  /** Forgets everything. */
  reset(): void {
    this.#isOpen = this.#isProbing = false;
    this.#openMs = this.#options.openMs;
    this.#forget();
  }

  #decide(outcome: BreakerOutcome, nowMs: number): void {
    if (outcome === "ok") this.reset();
    else this.#open(nowMs, Math.min(this.#options.openMsMax, 2 * this.#openMs));
  }

  #open(nowMs: number, openMs: number): void {
    this.#isOpen = true;
    this.#openMs = openMs;
    this.#openUntilMs = nowMs + openMs;
    this.#forget();
  }

  #forget(): void {
    this.#failuresInRow = this.#calls = this.#failures = 0;
    this.#windowStartMs = Number.NEGATIVE_INFINITY;
  }

  #count(outcome: BreakerOutcome, nowMs: number): void {
    if (nowMs - this.#windowStartMs > this.#options.windowMs) {
      this.#windowStartMs = nowMs;
      this.#calls = this.#failures = 0;
    }
    this.#calls += 1;
    if (outcome === "ok") {
      this.#failuresInRow = 0;
      return;
    }
    this.#failuresInRow += 1;
    this.#failures += 1;
  }

  #isTooMuch(): boolean {
    const { failuresMax, failureShare, callsMin } = this.#options;
    if (this.#failuresInRow >= failuresMax) return true;
    return this.#calls >= callsMin && this.#failures >= failureShare * this.#calls;
  }
}
