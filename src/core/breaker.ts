/** A circuit breaker: closed, open for a growing time, then half open for one call. Pure. */

import type { Fitness } from "./fitness.ts";

/** How a call ended, to the breaker. */
export type BreakerOutcome = "ok" | "failed" | "ignored";

/** What a call is to the breaker: one of many, the one that tests a half-open breaker, or one sent in spite of it. */
export type BreakerTicket = "usual" | "trial" | "forced";

/** When a breaker opens. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failuresMax: number;
  /** Or this share of the calls of a window, when there were enough of them. */
  readonly failureShare: number;
  readonly callsMin: number;
  readonly windowMs: number;
  /** How long it is open at first; twice as long each time that it opens again soon. */
  readonly openMs: number;
  readonly openMsMax: number;
  /** Time in which calls come back to the full share after it has closed. */
  readonly slowStartMs: number;
}

/** The usual limits. */
export const defaultBreakerOptions: BreakerOptions = {
  failuresMax: 5,
  failureShare: 0.5,
  callsMin: 20,
  windowMs: 10_000,
  openMs: 5_000,
  openMsMax: 120_000,
  slowStartMs: 10_000,
};

/** What a breaker is. */
export type BreakerState = "closed" | "open" | "half_open";

/** An opening is forgotten when all went well for so many times as long as it lasted. */
const forgivenAfter = 10;
/** Share of its calls with which an endpoint begins again. */
const warmthMin = 0.1;

/** The breaker of one endpoint, or of one model and key on it. */
export class Breaker {
  readonly #options: BreakerOptions;
  #openUntilMs = Number.NEGATIVE_INFINITY;
  /** How long it was open last; 0 when it never was. */
  #openMs = 0;
  #isOpen = false;
  /** The endpoint itself said how long. */
  #isAsked = false;
  #closedAtMs = Number.NEGATIVE_INFINITY;
  /** The one call of a half-open breaker is in progress. */
  #isTrying = false;
  #failuresInRow = 0;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #calls = 0;
  #failures = 0;

  constructor(options: BreakerOptions = defaultBreakerOptions) {
    this.#options = options;
  }

  state(nowMs: number): BreakerState {
    if (!this.#isOpen) return "closed";
    return nowMs < this.#openUntilMs ? "open" : "half_open";
  }

  /** Whether a call may be given now. */
  fitness(nowMs: number): Fitness {
    switch (this.state(nowMs)) {
      case "closed":
        return "fit";
      case "half_open":
        return this.#isTrying ? "ejected" : "trial";
      case "open":
        return this.#isAsked ? "resting" : "ejected";
    }
  }

  /** Milliseconds until it is half open; 0 when it is not open. */
  restMs(nowMs: number): number {
    return this.state(nowMs) === "open" ? this.#openUntilMs - nowMs : 0;
  }

  /** Share of its calls that an endpoint is to get: it grows from a tenth to all after the breaker has closed. */
  warmth(nowMs: number): number {
    const { slowStartMs } = this.#options;
    const share = (nowMs - this.#closedAtMs) / slowStartMs;
    return share >= 1 ? 1 : Math.max(warmthMin, share);
  }

  /** A call begins, wherever the breaker stands. */
  begin(nowMs: number): BreakerTicket {
    if (!this.#isOpen) return "usual";
    if (this.state(nowMs) === "open" || this.#isTrying) return "forced";
    this.#isTrying = true;
    return "trial";
  }

  /** A call has ended; `ticket` is what `begin` said of it. */
  end(outcome: BreakerOutcome, ticket: BreakerTicket, nowMs: number): void {
    if (ticket === "trial") this.#isTrying = false;
    if (outcome === "ignored") return;
    if (!this.#isOpen) {
      this.#count(outcome, nowMs);
      if (this.#isTooMuch()) this.#open(nowMs, this.#nextOpenMs(nowMs));
      return;
    }
    // Calls from before the opening say nothing of now.
    if (ticket === "usual") return;
    if (outcome === "ok") this.#close(nowMs);
    else if (ticket === "trial") this.#open(nowMs, this.#nextOpenMs(nowMs));
  }

  /** Opens it at once, for as long as the endpoint itself asked. */
  openFor(durationMs: number, nowMs: number): void {
    const openMs = Math.min(durationMs, this.#options.openMsMax);
    if (nowMs + openMs <= this.#openUntilMs) return;
    this.#open(nowMs, openMs);
    this.#isAsked = true;
  }

  /** Something else shows that the endpoint is there again: the next call may test it, unless it asked for peace. */
  tryNow(nowMs: number): void {
    if (this.#isOpen && !this.#isAsked) this.#openUntilMs = Math.min(this.#openUntilMs, nowMs);
  }

  /** Forgets everything. */
  reset(): void {
    this.#isOpen = this.#isAsked = this.#isTrying = false;
    this.#openMs = 0;
    this.#openUntilMs = this.#closedAtMs = Number.NEGATIVE_INFINITY;
    this.#forget();
  }

  #nextOpenMs(nowMs: number): number {
    const { openMs, openMsMax } = this.#options;
    const before = this.#openMs;
    const isForgiven = !this.#isOpen && nowMs - this.#closedAtMs > forgivenAfter * before;
    return isForgiven ? openMs : Math.min(openMsMax, Math.max(openMs, 2 * before));
  }

  #open(nowMs: number, openMs: number): void {
    this.#isOpen = true;
    this.#isAsked = false;
    this.#openMs = openMs;
    this.#openUntilMs = nowMs + openMs;
  }

  #close(nowMs: number): void {
    this.#isOpen = this.#isAsked = false;
    this.#closedAtMs = nowMs;
    this.#openUntilMs = Number.NEGATIVE_INFINITY;
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
