/** What one holder has of a budget's bytes, so that it can give all of it back at once, however it ends. */

import type { ByteBudget } from "./byte-budget.ts";

/** Bytes that a call, say, holds in memory. Disposing of it gives them back. */
export class HeldBytes implements Disposable {
  readonly budget: ByteBudget;
  #bytes = 0;
  #isOver = false;

  constructor(budget: ByteBudget) {
    this.budget = budget;
  }

  /** Bytes that are held now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Counts bytes that are in memory already, whether there is room or not. */
  add(bytes: number): void {
    if (this.#isOver) return;
    this.#bytes += bytes;
    this.budget.add(bytes);
  }

  /** Holds bytes that somebody has taken of the budget before; too late, and they are given back. */
  adopt(bytes: number): void {
    if (this.#isOver) this.budget.release(bytes);
    else this.#bytes += bytes;
  }

  /** Gives back all but `bytes`, which are still held. */
  keepOnly(bytes: number): void {
    if (this.#bytes <= bytes) return;
    this.budget.release(this.#bytes - bytes);
    this.#bytes = bytes;
  }

  /** Nothing is held any more, nor will be. */
  [Symbol.dispose](): void {
    this.#isOver = true;
    this.keepOnly(0);
  }
}
