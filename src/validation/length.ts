/** Rules of length, and their words. Bounds beyond 2^53 are rounded: no size in a message comes near. */

import { codeAt } from "#core/code-at.ts";
import type { Predicate, Rule } from "./check.ts";

/** The words for sizes out of bounds, by what is counted. */
export const sizeWords = {
  characters: {
    exactly: (size: bigint) => `must be ${size} characters`,
    least: (size: bigint) => `must be at least ${size} characters`,
    most: (size: bigint) => `must be at most ${size} characters`,
  },
  bytes: {
    exactly: (size: bigint) => `must be ${size} bytes`,
    least: (size: bigint) => `must be at least ${size} bytes`,
    most: (size: bigint) => `must be at most ${size} bytes`,
  },
  items: {
    least: (size: bigint) => `must contain at least ${size} item(s)`,
    most: (size: bigint) => `must contain no more than ${size} item(s)`,
  },
  pairs: {
    least: (size: bigint) => `map must be at least ${size} entries`,
    most: (size: bigint) => `map must be at most ${size} entries`,
  },
} as const;

/** The bounds of a size. */
export interface Bounds {
  readonly least?: bigint;
  readonly most?: bigint;
}

/** Values whose size is within the bounds. */
export function sizeWithin<T>(sizeOf: (value: T) => number, { least, most }: Bounds): Predicate<T> {
  const min = Number(least ?? 0);
  const max = Number(most ?? Number.POSITIVE_INFINITY);
  return (value) => {
    const size = sizeOf(value);
    return size >= min && size <= max;
  };
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
const isLowSurrogate = (unit: number) => unit >= 0xdc00 && unit < 0xe000;

function codePoints(text: string): number {
  const { length } = text;
  let count = length;
  for (let index = 1; index < length; index += 1) {
    if (isLowSurrogate(codeAt(text, index)) && isHighSurrogate(codeAt(text, index - 1))) {
      count -= 1;
    }
  }
  return count;
}

/** Texts whose code points are within the bounds; counted only where the UTF-16 units leave it open. */
export function charactersWithin({ least, most }: Bounds): Predicate<string> {
  const min = Number(least ?? 0);
  const max = Number(most ?? Number.POSITIVE_INFINITY);
  return (text) => {
    const units = text.length;
    // A code point is one unit or two.
    if (units > 2 * max || units < min) return false;
    if (units <= max && units >= 2 * min) return true;
    const count = codePoints(text);
    return count >= min && count <= max;
  };
}

/** The rule of a size that is to be exactly one. */
export function exactly<T>(
  size: bigint,
  within: (bounds: Bounds) => Predicate<T>,
  words: { readonly exactly: (size: bigint) => string },
): Rule<T> {
  return { allows: within({ least: size, most: size }), expected: words.exactly(size) };
}

/** The rule of a least size. */
export function atLeast<T>(
  size: bigint,
  within: (bounds: Bounds) => Predicate<T>,
  words: { readonly least: (size: bigint) => string },
): Rule<T> {
  return { allows: within({ least: size }), expected: words.least(size) };
}

/** The rule of a greatest size. */
export function atMost<T>(
  size: bigint,
  within: (bounds: Bounds) => Predicate<T>,
  words: { readonly most: (size: bigint) => string },
): Rule<T> {
  return { allows: within({ most: size }), expected: words.most(size) };
}
