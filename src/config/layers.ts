/** Lays what a later layer says over what the earlier ones said. */

import { type Assignment, assign, type Draft, remove } from "#yaml/draft.ts";
import { type Path, pathText } from "#yaml/problem.ts";

/** Ways to say one thing: a layer that uses one takes the others out of the layers below it. */
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

/** Puts one layer over the draft. Alternatives within one layer stay, to be reported. */
export function overlay(draft: Draft, layer: readonly Assignment[]): void {
  const said = new Set(layer.map(({ path }) => pathText(path)));
  for (const ways of alternatives) {
    const used = ways.filter((way) => way.some((path) => said.has(pathText(path))));
    if (used.length === 0) continue;
    for (const way of ways) if (!used.includes(way)) for (const path of way) remove(draft, path);
  }
  for (const assignment of layer) assign(draft, assignment);
}
