/** Floats of 16 and 32 bits as the decimals that people would write: 1.1, not 1.100000023841858. Pure. */

/** How a float type is written. */
interface FloatType {
  /** To the nearest value of the type. */
  readonly round: (value: number) => number;
  /** Significant digits that every normal value has; numbers with fewer come out at once, too. */
  readonly digitsMin: number;
  /** The least normal value: those below have fewer digits, down to one. */
  readonly normalMin: number;
  /** Significant digits that tell any two values apart. */
  readonly digitsMax: number;
}

const single: FloatType = { round: Math.fround, digitsMin: 6, digitsMax: 9, normalMin: 2 ** -126 };
const half: FloatType = { round: Math.f16round, digitsMin: 3, digitsMax: 5, normalMin: 2 ** -14 };

/** Powers of ten that are exact. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * The decimal with the fewest digits that reads back as the same 32-bit float as `value` does; a
 * whole number itself.
 */
export function shortestFloat32(value: number): number {
  return shortest(value, single);
}

/** The same for 16 bits. */
export function shortestFloat16(value: number): number {
  return shortest(value, half);
}

/** A number as JSON has it; zero keeps its sign, as a float, for many readers have no whole number -0. */
export function jsonNumber(value: number | bigint): string {
  return Object.is(value, -0) ? "-0.0" : String(value);
}

function shortest(value: number, { round, digitsMin, digitsMax, normalMin }: FloatType): number {
  const float = round(value);
  const size = Math.abs(float);
  // Whole numbers are counts and codes: they are shown as they are.
  if (!Number.isFinite(float) || Number.isSafeInteger(float)) return float;
  const magnitude = Math.floor(Math.log10(size));
  for (let digits = size < normalMin ? 1 : digitsMin; digits < digitsMax; digits++) {
    const decimal = rounded(float, digits - 1 - magnitude) ?? Number(float.toPrecision(digits));
    if (round(decimal) === float) return decimal;
  }
  return Number(float.toPrecision(digitsMax));
}

/**
 * `value` with so many digits after the point; undefined where arithmetic would not be exact, and for
 * digits before the point: what is no whole number needs more.
 */
function rounded(value: number, places: number): number | undefined {
  const power = powers[places];
  return power === undefined ? undefined : Math.round(value * power) / power;
}
