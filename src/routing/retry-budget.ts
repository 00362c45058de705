/** How much of the traffic may be retries: a share of the calls, so that retries cannot become a storm. Pure. */

/** Limits of a budget. */
export interface RetryBudgetOptions {
  /** Retries for each call, such as 0.2. */
  readonly share: number;
  /** Retries that are always allowed in a second, for gateways with few calls. */
  readonly perSecondMin: number;
  /** Seconds for which both are saved up. */
  readonly windowSeconds: number;
}

/** Calls of one second. */
interface Second {
  at: number;
  calls: number;
}

/** What sums of shares are off by: a fifth, five times over, is one retry. */
const tolerance = 1e-6;

/** Allows retries as long as they are few, and has others wait for their turn. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  /** By second, round and round. */
  readonly #seconds: Second[];
  /** Retries that there have been to take so far, with fractions. */
  #brought: number;
  /** Those that were taken, or forgotten; more than were brought when some have yet to come. */
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
   * Takes one retry and returns its number, which says when its turn is. Undefined, and nothing is taken, when
   * what comes every second in any case would not bring it within `waitMsMax`.
   */
  take(nowMs: number, waitMsMax = 0): number | undefined {
    this.#save(nowMs);
    const short = this.#taken + 1 - this.#brought;
    const waitMs = (short * 1_000) / this.#options.perSecondMin;
    if (short > tolerance && waitMs > waitMsMax) return undefined;
    this.#taken += 1;
    return this.#taken;
  }

  /** Milliseconds until the turn of a retry that was taken, if calls come as they did; 0 when it may be made. */
  waitMs(taken: number, nowMs: number): number {
    const calls = this.#save(nowMs);
    const short = taken - this.#brought;
    if (short <= tolerance) return 0;
    const { share, perSecondMin, windowSeconds } = this.#options;
    return (short * 1_000) / (perSecondMin + (share * calls) / windowSeconds);
  }

  /** One that was taken is not made. */
  giveBack(): void {
    this.#taken -= 1;
  }

  /** Adds what time has brought, and forgets what was saved for too long. Returns the calls of the window. */
  #save(nowMs: number): number {
    const { share, perSecondMin, windowSeconds } = this.#options;
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs > 0) {
      this.#atMs = nowMs;
      // The first time it is full already.
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

/** Full jitter: anything up to the pause that doubles with each retry. */
export function backoffMs(
  retry: number,
  chance: number,
  { baseMs, maxMs }: { readonly baseMs: number; readonly maxMs: number },
): number {
  return chance * Math.min(maxMs, baseMs * 2 ** retry);
}
