/** Whose fault a failure is. */

import { isReason, reasons } from "./reason.ts";

/** Who can be at fault. */
export type Blame = "caller" | "upstream" | "gateway";

/** Failures of the gateway itself, of its settings and of its credentials. */
const ofGateway: ReadonlySet<string> = new Set([
  "INTERNAL",
  "UNKNOWN",
  "DATA_LOSS",
  "OVERLOADED",
  "BUFFERS_FULL",
  "SHUTTING_DOWN",
  "MODEL_LOAD_FAILED",
  "BACKEND_CREDENTIAL",
  "BACKEND_QUOTA",
]);

/** Whose fault a failure of this reason is. What the log takes for routine is the caller's doing. */
export function blameOf(reason: string): Blame {
  if (ofGateway.has(reason) || !isReason(reason)) return "gateway";
  return reasons[reason].log === "info" ? "caller" : "upstream";
}
