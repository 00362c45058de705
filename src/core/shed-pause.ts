/** When a call that was refused for load may come back. Pure. */

const leastMs = 1_000;
const spreadMs = 2_000;

/** One to three seconds: `chance`, from 0 to 1, spreads calls that were refused together. */
export function shedPauseMs(chance: number): number {
  return Math.round(leastMs + spreadMs * chance);
}
