/** Which numbers an enum takes. */

import type { DescEnum } from "@bufbuild/protobuf";

/** Whether a number is for a field of the enum: a closed one takes none that it does not name. */
export function isKnownTo({ open, values }: DescEnum): (value: unknown) => boolean {
  if (open) return () => true;
  const known = new Set<unknown>(values.map(({ number }) => number));
  return (value) => known.has(value);
}
