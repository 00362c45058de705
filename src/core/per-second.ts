/** Lets so many pass in each second of the clock. */

const secondMs = 1_000;

/** Counts per second. What is kept of each call costs memory that only rare calls are worth. */
export class PerSecond {
  readonly #most: number;
  #second = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(most: number) {
    this.#most = most;
  }

  /** Whether one more may pass at `ms`, which counts it. */
  passes(ms: number): boolean {
    const second = Math.floor(ms / secondMs);
    if (second !== this.#second) {
      this.#second = second;
      this.#count = 0;
    }
    this.#count += 1;
    return this.#count <= this.#most;
  }
}
