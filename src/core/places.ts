/** Places for what stays open until its caller leaves: so many in total, so many per caller. */

/** How many places there are. */
export interface PlaceLimits {
  readonly totalMax: number;
  readonly perCallerMax: number;
}

/** Counts what is open. */
export class Places {
  readonly #limits: PlaceLimits;
  readonly #byCaller = new Map<string, number>();
  #total = 0;

  constructor(limits: PlaceLimits) {
    this.#limits = limits;
  }

  /** Takes a place until it is disposed of; undefined when none is free for this caller. */
  take(caller: string): Disposable | undefined {
    const count = this.#byCaller.get(caller) ?? 0;
    if (this.#total >= this.#limits.totalMax || count >= this.#limits.perCallerMax)
      return undefined;
    this.#total += 1;
    this.#byCaller.set(caller, count + 1);
    let isLeft = false;
    return {
      [Symbol.dispose]: () => {
        if (isLeft) return;
        isLeft = true;
        this.#leave(caller);
      },
    };
  }

  #leave(caller: string): void {
    this.#total -= 1;
    const left = (this.#byCaller.get(caller) ?? 0) - 1;
    if (left > 0) this.#byCaller.set(caller, left);
    else this.#byCaller.delete(caller);
  }
}
