/** What a principal may call: models by patterns, procedures and paths by how they begin. Pure. */

import type { Principal } from "./credentials.ts";

/** Whether a text fits a pattern in which `*` stands for any text, also for none. */
export function fits(pattern: string, text: string): boolean {
  let at = 0;
  let place = 0;
  // Where the last star was, and how far the text was then: a star takes as little as it can.
  let star = -1;
  let taken = 0;
  while (at < text.length) {
    if (pattern[place] === "*") {
      star = place;
      place += 1;
      taken = at;
    } else if (pattern[place] === text[at]) {
      place += 1;
      at += 1;
    } else if (star >= 0) {
      taken += 1;
      at = taken;
      place = star + 1;
    } else return false;
  }
  while (pattern[place] === "*") place += 1;
  return place === pattern.length;
}

/** Whether the model may be called that goes by these names: one that is allowed is enough. */
export function permitsModel(
  { models }: Pick<Principal, "models">,
  ...names: readonly (string | undefined)[]
): boolean {
  if (models === undefined) return true;
  return names.some((name) => name !== undefined && models.some((pattern) => fits(pattern, name)));
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
