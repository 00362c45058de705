/** A moving average that rises at once and falls slowly, as finagle's peak EWMA does. Pure. */

/** An average of samples in milliseconds; older ones fade with time. */
export class PeakEwma {
  readonly #decayMs: number;
  #valueMs: number | undefined;
  #stampMs = 0;

  /** A sample's weight falls to 1/e in `decayMs`. */
  constructor(decayMs: number) {
    this.#decayMs = decayMs;
  }

  /** The average; undefined before the first sample. */
  get valueMs(): number | undefined {
    return this.#valueMs;
  }

  /** Adds a sample. One above the average replaces it: who has become slow is believed at once. */
  add(sampleMs: number, nowMs: number): void {
    const elapsedMs = Math.max(0, nowMs - this.#stampMs);
    this.#stampMs = nowMs;
    if (this.#valueMs === undefined || sampleMs > this.#valueMs) {
      this.#valueMs = sampleMs;
      return;
    }
    const kept = Math.exp(-elapsedMs / this.#decayMs);
    this.#valueMs = this.#valueMs * kept + sampleMs * (1 - kept);
  }
}
