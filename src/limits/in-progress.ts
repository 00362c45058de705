/** Counts calls in progress by owner, and grants places while an owner has fewer than it may. */

/** Places of owners for calls at one time. */
export interface Places {
  /** How many an owner has. */
  of(owner: string): number;
  /** Owners that have at least one. */
  readonly owners: number;
  /** Takes a place of an owner that may have `max`; false when it has as many already. */
  take(owner: string, max: number): boolean;
  /** Gives a place back. */
  leave(owner: string): void;
}

/** Calls in progress. Bounded by their number: an owner without one is forgotten. */
export class InProgress implements Places {
  readonly #counts = new Map<string, number>();

  /** How many an owner has. */
  of(key: string): number {
    return this.#counts.get(key) ?? 0;
  }

  /** Owners that have at least one. */
  get owners(): number {
    return this.#counts.size;
  }

  /** Takes a place of an owner that may have `max`; false when it has as many already. */
  take(key: string, max: number): boolean {
    const count = this.of(key);
    if (count >= max) return false;
    this.#counts.set(key, count + 1);
    return true;
  }

  /** Gives a place back. */
  leave(key: string): void {
    const left = this.of(key) - 1;
    if (left > 0) this.#counts.set(key, left);
    else this.#counts.delete(key);
  }
}
