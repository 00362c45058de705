/** Whether bytes come fast enough, window by window: what came fast earlier buys no time later. Pure. */

/** The rate that is asked for. */
export interface Rate {
  readonly windowMs: number;
  /** Bytes that each window must bring. */
  readonly bytesMin: number;
}

/** The pace of one sender. */
export class Pace {
  readonly #rate: Rate;
  #sinceMs: number;
  #fromBytes: number;

  /** `bytes` have come so far. */
  constructor(rate: Rate, nowMs: number, bytes: number) {
    this.#rate = rate;
    this.#sinceMs = nowMs;
    this.#fromBytes = bytes;
  }

  /** Begins a window: the one before was not the sender's to fill. */
  restart(nowMs: number, bytes: number): void {
    this.#sinceMs = nowMs;
    this.#fromBytes = bytes;
  }

  /** Whether a window is over that brought too little, now that `bytes` have come. */
  isTooSlow(nowMs: number, bytes: number): boolean {
    if (nowMs - this.#sinceMs < this.#rate.windowMs) return false;
    if (bytes - this.#fromBytes < this.#rate.bytesMin) return true;
    this.restart(nowMs, bytes);
    return false;
  }
}
