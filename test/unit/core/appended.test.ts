/** Lists that mostly have one item. */

import { expect, test } from "vitest";
import { appended } from "#core/appended.ts";

test("items stand in their order, in the list that was given", () => {
  const first = appended<string>(undefined, "a");
  expect(appended(appended(first, "b"), "c")).toBe(first);
  expect(first).toEqual(["a", "b", "c"]);
});
