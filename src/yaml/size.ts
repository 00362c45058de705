/** Sizes as people write them, such as 10MB or 512k, in bytes. Pure. */

const exponents: Readonly<Record<string, number>> = { "": 0, k: 1, m: 2, g: 3 };

/**
 * Bytes of `written`, or undefined when it is no size. A bare number is bytes. Units are binary,
 * as nginx and Docker read them: k, kB and KiB are all 1024 bytes; case does not matter.
 */
export function sizeBytesFrom(written: string | number): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmg]?)(?:i?b)?$/.exec(String(written).toLowerCase());
  if (match === null) return undefined;
  return Math.round(Number(match[1]) * 1024 ** (exponents[match[2] ?? ""] ?? 0));
}
