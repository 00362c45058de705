/** The number in a provider's count of tokens. Pure. */

import { malformed } from "./upstream-error.ts";

const countMax = 0x7fff_ffff;

/** A number of tokens. Throws BACKEND_MALFORMED: where no one counted, nothing is reported. */
export function tokenCountOf(value: unknown): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= countMax) {
    return value;
  }
  throw malformed("the provider's response holds no count of tokens");
}
