/** How much a call matters: what its client says, and what its credential may say. */

import type { HandlerContext } from "@connectrpc/connect";
import { fault } from "#errors/fault.ts";
import { principalKey } from "#interceptors/context.ts";
import { type Priority, priorities } from "#pool/place-queue.ts";

const header = "x-polygate-priority";
/** The right to come before others. */
const scope = "priority";

/** Throws REQUEST_INVALID for a level that there is not. Who may not say `high` is normal. */
export function priorityOf({
  requestHeader,
  values,
}: Pick<HandlerContext, "requestHeader" | "values">): Priority {
  const said = requestHeader.get(header);
  if (said === null) return "normal";
  const level = priorities.find((one) => one === said);
  if (level === undefined) {
    throw fault("REQUEST_INVALID", `${header}: expected ${priorities.join(", ")}`);
  }
  if (level !== "high") return level;
  const { scopes } = values.get(principalKey);
  // Who may do everything may do this.
  return scopes.has(scope) || scopes.has("admin") ? "high" : "normal";
}
