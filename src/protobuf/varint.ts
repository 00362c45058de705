/** How long numbers are in base 128. */

/** Bytes of any number below 2 ** 32, at most. */
export const varintBytesMax = 5;

/** Bytes that a number below 2 ** 32 takes. */
export function varintBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : varintBytesMax;
}
