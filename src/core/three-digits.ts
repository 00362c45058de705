/** Numbers as people and programs are shown them: what is measured is not known beyond three digits. */

/** `value` rounded to three digits after the point, such as milliseconds to the microsecond. */
export function threeDigits(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** A thousand integers and fractions, as they are written: to print a number anew is expensive. */
const integers: readonly string[] = Array.from({ length: 1000 }, (_, value) => String(value));
const fractions: readonly string[] = integers.map((digits) => `.${digits.padStart(3, "0")}`);

/** The same as text, of a value from 0 on, always with three digits. */
export function threeDigitsText(value: number): string {
  const thousandths = Math.round(value * 1000);
  const whole = Math.floor(thousandths / 1000);
  return `${integers[whole] ?? whole}${fractions[thousandths - whole * 1000]}`;
}
