/** How many requests have come and not ended yet, for whoever waits until there is none. */

/** Requests in progress. */
export class Arrivals {
  #count = 0;
  #waiting: (() => void)[] = [];

  /** How many there are. */
  get count(): number {
    return this.#count;
  }

  /** One has come. */
  begin(): void {
    this.#count += 1;
  }

  /** One has ended. */
  end(): void {
    this.#count -= 1;
    if (this.#count > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  /** Resolves when there is none, at once where there is none now. */
  async none(): Promise<void> {
    if (this.#count === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    await promise;
  }
}
