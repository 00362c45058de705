/** States of thoughts as Gemini's `thoughtSignature`: clients in typed languages take nothing there but base64. Pure. */

import { openState, sealState } from "#dialects/opaque-state.ts";
import type { OpaqueState } from "#gen/polygate/v1/conversation_pb.js";

const vendor = "google";
/** How the base64 of every sealed state begins: of `pg1` and the first six bits of `.`. */
const sealedBegin = "cGcxL";

/** Google's own as it is, others sealed, so that they find their way home. */
export function writeSignature(state: OpaqueState): string {
  return state.vendor === vendor ? state.data : Buffer.from(sealState(state)).toString("base64");
}

/** The state that a client sent back; it may have written base64 in its other alphabet. */
export function readSignature(text: string): OpaqueState {
  if (!text.startsWith(sealedBegin)) return openState(text, vendor);
  const opened = openState(Buffer.from(text, "base64").toString(), vendor);
  // What only looks sealed is Google's: as it came.
  return opened.vendor === vendor ? openState(text, vendor) : opened;
}
