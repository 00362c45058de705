/** Whose fault a failure is, by the name of its reason. */

import { type Blame, isReason, reasons } from "./reason.ts";

/** The blame of a reason; a name that is no reason of this project is a bug of the gateway. */
export function blameOf(reason: string): Blame {
  return isReason(reason) ? reasons[reason].blame : "gateway";
}
