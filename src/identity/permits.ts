/** What a principal may call: models by patterns, procedures and paths by how they begin. Pure. */

import { matchesPattern } from "#core/text-pattern.ts";
import type { Principal } from "./credentials.ts";

/** Whether the model may be called that goes by these names: one that is allowed is enough. */
export function permitsModel(
  { models }: Pick<Principal, "models">,
  ...names: readonly (string | undefined)[]
): boolean {
  if (models === undefined) return true;
  return names.some(
    (name) => name !== undefined && models.some((pattern) => matchesPattern(name, pattern)),
  );
}

/** Whether a call may be made that goes by these names: its procedure, and the path that it came by. */
export function permitsRoute(
  { routes }: Pick<Principal, "routes">,
  names: readonly string[],
): boolean {
  return (
    routes === undefined || routes.some((route) => names.some((name) => name.startsWith(route)))
  );
}
