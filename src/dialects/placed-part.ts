/** Parts with their places in the canonical request, kept while they are sorted. Pure. */

import type { Part } from "#gen/polygate/v1/conversation_pb.js";

/** A part and its place, such as `messages[0].parts[1]`. */
export interface PlacedPart {
  readonly part: Part;
  readonly at: string;
}

/** The parts of a turn, or of a result, at `place`. */
export function placedParts(parts: readonly Part[], place: string): PlacedPart[] {
  return parts.map((part, index) => ({ part, at: `${place}.parts[${index}]` }));
}
