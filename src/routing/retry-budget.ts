/** Limits retries to a share of the calls, so that retries cannot overload what already fails. Pure. */

import { doubledPauseMs } from "#core/doubled-pause.ts";

/** Limits of a budget. */
export interface RetryBudgetOptions {
  /** Retries per call, such as 0.2. */
  readonly share: number;
  /** Retries per second that are always allowed, for gateways with few calls. */
  readonly perSecondMin: number;
  /** Seconds after which unused retries expire. */
  readonly windowSeconds: number;
}

/** Calls of one second. */
interface Second {
  at: number;
  calls: number;
}

/** Tolerance for rounding: five times a fifth has to make one retry. */
const tolerance = 1e-6;

/** Grants retries within the limits; further ones wait for their turn. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  /** A ring with one entry per second. */
  readonly #seconds: Second[];
  /** All retries granted so far, with fractions. */
  #brought: number;
  /** Retries that were taken or have expired; more than were granted while some calls wait for theirs. */
  #taken = 0;
  #atMs = Number.NEGATIVE_INFINITY;

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#brought = options.perSecondMin * options.windowSeconds;
    this.#seconds = Array.from({ length: options.windowSeconds }, () => ({
      at: Number.NEGATIVE_INFINITY,
      calls: 0,
    }));
  }

  /** A call begins. */
  call(nowMs: number): void {
    this.#second(nowMs).calls += 1;
    this.#brought += this.#options.share;
  }

  /**
   * Takes one retry and returns its number, by which `waitMs` finds its turn. Undefined, and nothing is
   * taken, when the retries that are always allowed would not reach it within `waitMsMax`.
   */
  take(nowMs: number, waitMsMax = 0): number | undefined {
    this.#save(nowMs);
    const short = this.#taken + 1 - this.#brought;
    const waitMs = (short * 1_000) / this.#options.perSecondMin;
    if (short > tolerance && waitMs > waitMsMax) return undefined;
    this.#taken += 1;
    return this.#taken;
  }

  /** Milliseconds until the turn of a retry that was taken, at the current rate of calls; 0 when it may be made now. */
  waitMs(taken: number, nowMs: number): number {
    const calls = this.#save(nowMs);
    const short = taken - this.#brought;
    if (short <= tolerance) return 0;
    const { share, perSecondMin, windowSeconds } = this.#options;
    return (short * 1_000) / (perSecondMin + (share * calls) / windowSeconds);
  }

  /** Returns a retry that was taken and not made. */
  giveBack(): void {
    this.#taken -= 1;
  }

  /** Adds the retries of the elapsed time and drops expired ones. Returns the number of calls in the window. */
  #save(nowMs: number): number {
    const { share, perSecondMin, windowSeconds } = this.#options;
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs > 0) {
      this.#atMs = nowMs;
      // At the start the budget is full.
      if (elapsedMs < Number.POSITIVE_INFINITY) {
        this.#brought += (elapsedMs * perSecondMin) / 1_000;
      }
    }
    const since = Math.floor(nowMs / 1_000) - windowSeconds;
    let calls = 0;
    for (const second of this.#seconds) if (second.at > since) calls += second.calls;
    const most = calls * share + perSecondMin * windowSeconds;
    if (this.#brought - this.#taken > most) this.#taken = this.#brought - most;
    return calls;
  }

  #second(nowMs: number): Second {
    const at = Math.floor(nowMs / 1_000);
    const { windowSeconds } = this.#options;
    const second = this.#seconds[((at % windowSeconds) + windowSeconds) % windowSeconds] as Second;
    if (second.at !== at) {
      second.at = at;
      second.calls = 0;
    }
    return second;
  }
}

/** Full jitter: a random part of a pause that doubles with each retry. */
export function backoffMs(
  retry: number,
  chance: number,
  { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number },
): number {
  return chance * doubledPauseMs(retry + 1, { firstMs: baseMs, mostMs: maxMs });
}
