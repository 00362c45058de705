/** Chance, handed in: the system's for serving, a seeded one for tests and training. */

/** A source of random numbers. */
export interface Rng {
  /** A number in [0, 1). */
  next(): number;
}

/** The machine's own chance. */
export const systemRng: Rng = { next: () => Math.random() };

/** Mulberry32: the same seed gives the same sequence, on every machine. */
export function seededRng(seed: number): Rng {
  let state = seed >>> 0;
  return {
    next() {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
    },
  };
}
