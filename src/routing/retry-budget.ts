/** How much of the traffic may be retries: a share of the calls, so that retries cannot become a storm. Pure. */

/** Limits of a budget. */
export interface RetryBudgetOptions {
  /** Retries for each call, such as 0.2. */
  readonly share: number;
  /** Retries that are always allowed in a second, for gateways with few calls. */
  readonly perSecondMin: number;
  /** Seconds of calls that count. */
  readonly windowSeconds: number;
}

/** Counts of one second. */
interface Second {
  at: number;
  calls: number;
  retries: number;
}

/** Allows retries as long as they are few. */
export class RetryBudget {
  readonly #options: RetryBudgetOptions;
  /** By second, round and round. */
  readonly #seconds: Second[];

  constructor(options: RetryBudgetOptions) {
    this.#options = options;
    this.#seconds = Array.from({ length: options.windowSeconds }, () => ({
      at: Number.NEGATIVE_INFINITY,
      calls: 0,
      retries: 0,
    }));
  }

  /** A call begins. */
  call(nowMs: number): void {
    this.#second(nowMs).calls += 1;
  }

  /** Takes one retry; false when they are used up. */
  take(nowMs: number): boolean {
    if (!this.allows(nowMs)) return false;
    this.#second(nowMs).retries += 1;
    return true;
  }

  /** Whether one may be taken. */
  allows(nowMs: number): boolean {
    const { share, perSecondMin, windowSeconds } = this.#options;
    const second = this.#second(nowMs);
    let calls = 0;
    let retries = 0;
    for (const { at, calls: called, retries: retried } of this.#seconds) {
      if (at <= second.at - windowSeconds) continue;
      calls += called;
      retries += retried;
    }
    return retries < calls * share + perSecondMin * windowSeconds;
  }

  #second(nowMs: number): Second {
    const at = Math.floor(nowMs / 1000);
    const { windowSeconds } = this.#options;
    const second = this.#seconds[((at % windowSeconds) + windowSeconds) % windowSeconds] as Second;
    if (second.at !== at) {
      second.at = at;
      second.calls = 0;
      second.retries = 0;
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
