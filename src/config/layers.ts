/** Applies a later layer of the configuration over the earlier ones. */

import { type Assignment, assign, type Draft, remove } from "#yaml/draft.ts";
import { type Path, pathText } from "#yaml/problem.ts";

/** Alternative ways to set one thing: a layer that uses one removes the others from the layers below it. */
const alternatives: readonly (readonly (readonly Path[])[])[] = [
  [
    [["gateway", "port"]],
    [["gateway", "ports"]],
    [
      ["gateway", "portal_port"],
      ["gateway", "api_port"],
    ],
  ],
  [
    [["rate_limiting", "requests_per_minute"]],
    [
      ["rate_limiting", "requests"],
      ["rate_limiting", "window"],
    ],
  ],
];

/** Applies one layer to the draft. Alternatives within one layer both stay, and are reported later. */
export function overlay(draft: Draft, layer: readonly Assignment[]): void {
  const said = new Set(layer.map(({ path }) => pathText(path)));
  for (const ways of alternatives) {
    const used = ways.filter((way) => way.some((path) => said.has(pathText(path))));
    if (used.length === 0) continue;
    for (const way of ways) if (!used.includes(way)) for (const path of way) remove(draft, path);
  }
  for (const assignment of layer) assign(draft, assignment);
}
