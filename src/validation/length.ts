/** Rules of length as predicates. Bounds beyond 2^53 are rounded: no size in a message comes near. */

import type { Allows } from "./allows.ts";

/** Values whose size is `least` to `most`. */
export function sizeWithin<T>(
  sizeOf: (value: T) => number,
  least: bigint,
  most?: bigint,
): Allows<T> {
  const min = Number(least);
  const max = Number(most ?? Number.POSITIVE_INFINITY);
  return (value) => {
    const size = sizeOf(value);
    return size >= min && size <= max;
  };
}

function codePoints(text: string): number {
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** Texts of `least` to `most` code points, counted only where the UTF-16 units leave it open. */
export function charactersWithin(least: bigint, most?: bigint): Allows<string> {
  const surely = sizeWithin<string>(({ length }) => length, least * 2n, most);
  const isWithin = sizeWithin(codePoints, least, most);
  return (text) => surely(text) || isWithin(text);
}
