/** The picture of docs/design/house.md: its boxes are rooms of the floor plan, and each level meets the next one there. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { plan } from "../../support/floor-plan.ts";

/** The rooms of each level of the picture, from above. */
function levelsOf(picture: string): readonly (readonly string[])[] {
  const boxed = Array.from(picture.matchAll(/│(.+)│/g), ([, text = ""]) => text);
  return boxed.map((text) => text.split(/[│·]/).map((word) => word.trim()));
}

const house = readFileSync("docs/design/house.md", "utf8");
const levels = levelsOf(/^```\n([\s\S]*?)^```$/m.exec(house)?.[1] ?? "");

test("its boxes are rooms, each once", () => {
  const rooms = levels.flat();
  expect(levels.length).toBeGreaterThan(5);
  expect(rooms.filter((room) => plan[room] === undefined)).toEqual([]);
  expect(new Set(rooms).size).toBe(rooms.length);
});

test("a room of each level imports one of the next, or is imported by one", () => {
  const apart = levels.slice(1).filter((level, at) => {
    const above = levels[at] ?? [];
    const meets = (one: string, other: string) =>
      plan[one]?.includes(other) || plan[other]?.includes(one);
    return !level.some((room) => above.some((other) => meets(room, other)));
  });
  expect(apart).toEqual([]);
});
