/** The active generations in one core: bounded in number and in what their requests keep in memory. */

import { fault } from "#errors/fault.ts";

/** What all generations together may be. */
export interface GenerationLimits {
  readonly countMax: number;
  /** Characters and bytes of their requests; a request that is larger runs alone. */
  readonly sizeMax: number;
}

/**
 * A generation lasts as long as somebody reads it, so the number is not bounded by what the core
 * can compute: thousands of small ones wait for their readers at next to no cost.
 */
export const generationLimits: GenerationLimits = { countMax: 1024, sizeMax: 32 * 1024 * 1024 };

/** Counts generations. */
export class Generations {
  readonly #limits: GenerationLimits;
  #count = 0;
  #size = 0;

  constructor(limits: GenerationLimits) {
    this.#limits = limits;
  }

  /** Counts one more until it is disposed of. Throws OVERLOADED when there are too many. */
  begin(size: number): Disposable {
    const { countMax, sizeMax } = this.#limits;
    if (this.#count >= countMax || (this.#count > 0 && this.#size + size > sizeMax)) {
      throw fault("OVERLOADED", "the core generates as much as it can at once; try again later", {
        retryAfterMs,
      });
    }
    this.#count += 1;
    this.#size += size;
    let isOver = false;
    return {
      [Symbol.dispose]: () => {
        if (isOver) return;
        isOver = true;
        this.#count -= 1;
        this.#size -= size;
      },
    };
  }
}

const retryAfterMs = 1000;
