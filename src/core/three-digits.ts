/** Numbers as people and programs are shown them: what is measured is not known beyond three digits. */

/** `value` rounded to three digits after the point, such as milliseconds to the microsecond. */
export function threeDigits(value: number): number {
  return Math.round(value * 1000) / 1000;
}
