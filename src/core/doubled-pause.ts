/** The pause before something that has failed is tried again. Pure. */

/** The pause after `failures` failures, 1 at least: `firstMs` after the first, twice as long after each further one, `mostMs` at most. Without jitter, which is its caller's. */
export function doubledPauseMs(
  failures: number,
  { firstMs, mostMs }: { readonly firstMs: number; readonly mostMs: number },
): number {
  return Math.min(mostMs, firstMs * 2 ** (failures - 1));
}
