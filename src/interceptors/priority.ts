/** How much a call matters: what its client says, and what its credential may say. */

import type { ContextValues } from "@connectrpc/connect";
import { type Priority, priorities } from "#core/priority.ts";
import { fault } from "#errors/fault.ts";
import { identityKey, principalKey } from "./context.ts";

const header = "x-polygate-priority";
/** The right to come before others. */
const highScope = "priority";
/** A credential whose calls matter least, whatever their client says. */
const lowScope = "batch";

/** Other words for the same. */
const levels: ReadonlyMap<string, Priority> = new Map<string, Priority>([
  ...priorities.map((one) => [one, one] as const),
  ["interactive", "high"],
  ["default", "normal"],
  ["batch", "low"],
]);

function scopesOf(values: ContextValues): ReadonlySet<string> {
  const identity = values.get(identityKey);
  // Before the interceptors have run there is no principal yet.
  const isFound = typeof identity === "object" && "scopes" in identity;
  return (isFound ? identity : values.get(principalKey)).scopes;
}

/** Throws REQUEST_INVALID for a level that there is not. Who may not say `high` is normal. */
export function priorityOf(requestHeader: Headers, values: ContextValues): Priority {
  const said = requestHeader.get(header);
  const level = said === null ? "normal" : levels.get(said);
  if (level === undefined) {
    throw fault("REQUEST_INVALID", `${header}: expected ${priorities.join(", ")}`);
  }
  const scopes = scopesOf(values);
  if (scopes.has(lowScope)) return "low";
  if (level !== "high") return level;
  // Who may do everything may do this.
  return scopes.has(highScope) || scopes.has("admin") ? "high" : "normal";
}

/** The same, where a word that means nothing is somebody else's to refuse. */
export function isLow(requestHeader: Headers, values: ContextValues): boolean {
  const said = requestHeader.get(header);
  return (said !== null && levels.get(said) === "low") || scopesOf(values).has(lowScope);
}
