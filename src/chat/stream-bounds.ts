/** How much a stream may have side by side, whoever sends it; more is its sender's mistake. Pure. */

import type { ChatEvent } from "#gen/polygate/v1/conversation_pb.js";

/** Parts of one response. */
export const partsMax = 10_000;
/** Responses to one request. */
export const choicesMax = 128;
/** Tools that one response calls. */
export const callsMax = 128;

/** Whether an event speaks of a place that a response can have. Lists are filled up to it. */
export function isWithinBounds({ index, choice }: ChatEvent): boolean {
  return index >= 0 && index < partsMax && choice >= 0 && choice < choicesMax;
}
