/** What is produced in one place and taken in another, batch by batch: who produces waits for who takes. */

/** So many may wait until they are taken. */
const waitingMax = 64;

/** A queue between producers, who may be several, and one who takes. */
export class Batches<T> {
  #waiting: T[] = [];
  #isOver = false;
  #failure: { readonly cause: unknown } | undefined;
  #filled = Promise.withResolvers<void>();
  #taken = Promise.withResolvers<void>();

  /** Adds some; resolves when there is room for more, or nobody takes any more. */
  async add(items: readonly T[]): Promise<void> {
    if (this.#isOver) return;
    this.#waiting.push(...items);
    this.#filled.resolve();
    if (this.#waiting.length >= waitingMax) await this.#taken.promise;
  }

  /** Adds what comes of `items` until they end, and then nothing any more. Never rejects. */
  async addAll(items: AsyncIterable<T>): Promise<void> {
    try {
      for await (const item of items) await this.add([item]);
      this.end();
    } catch (thrown) {
      this.end({ cause: thrown });
    }
  }

  /** Whether nothing is taken any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing comes any more; `failure` is thrown to who takes, once all was taken. */
  end(failure?: { readonly cause: unknown }): void {
    this.#failure ??= failure;
    this.#isOver = true;
    this.#filled.resolve();
    this.#taken.resolve();
  }

  /** All that waits, as soon as there is any; undefined at the end. */
  async next(): Promise<readonly T[] | undefined> {
    while (this.#waiting.length === 0) {
      if (this.#failure !== undefined) throw this.#failure.cause;
      if (this.#isOver) return undefined;
      await this.#filled.promise;
      if (!this.#isOver) this.#filled = Promise.withResolvers();
    }
    const batch = this.#waiting;
    this.#waiting = [];
    this.#taken.resolve();
    if (!this.#isOver) this.#taken = Promise.withResolvers();
    return batch;
  }
}
