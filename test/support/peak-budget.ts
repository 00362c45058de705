/** A budget that remembers the most that was ever held of it. */

import { ByteBudget } from "#core/byte-budget.ts";

export class PeakBudget extends ByteBudget {
  peakBytes = 0;

  override take(bytes: number): boolean {
    const isTaken = super.take(bytes);
    this.#look();
    return isTaken;
  }

  override add(bytes: number): void {
    super.add(bytes);
    this.#look();
  }

  override release(bytes: number): void {
    super.release(bytes);
    // Whoever waited has taken some of it.
    this.#look();
  }

  #look(): void {
    this.peakBytes = Math.max(this.peakBytes, this.heldBytes);
  }
}
