/** Prints which room imports which, as layers of text, or with --mermaid as a graph. */

import { importsByRoom, layersOf } from "./floor-plan.ts";

const imports = importsByRoom();
const layers = layersOf(imports).toReversed();

/** Top layer first; an arrow that runs upwards, or in a circle, would have thrown. */
function text(): string {
  return layers
    .map((layer, index) => {
      const rows = layer.map((room) => {
        const targets = [...(imports.get(room) ?? [])].toSorted((one, other) =>
          one.localeCompare(other),
        );
        return `  ${room.padEnd(20)} → ${targets.join(" ") || "nothing"}`;
      });
      return [`layer ${layers.length - index}`, ...rows].join("\n");
    })
    .join("\n");
}

function mermaid(): string {
  const edges = [...imports].flatMap(([room, targets]) =>
    [...targets].map((target) => `  ${room} --> ${target}`),
  );
  return ["graph TD", ...edges].join("\n");
}

console.log(process.argv.includes("--mermaid") ? mermaid() : text());
