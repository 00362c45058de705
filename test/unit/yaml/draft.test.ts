/** Values of a draft: set layer over layer, each with the place that it came from. */

import { expect, test } from "vitest";
import { assign, emptyDraft, placeOf, remove, valueAt } from "#yaml/draft.ts";
import type { Path } from "#yaml/problem.ts";

/** A draft with a list of two, each value from a place of its own. */
function draftOfTwo() {
  const draft = emptyDraft();
  const set = (path: Path, value: unknown, where: string) => assign(draft, { path, value, where });
  set(["list", "+"], { a: 1 }, "first");
  set(["list", "+"], { a: 2 }, "second");
  set(["list", 1, "a"], 3, "third");
  return { draft, set };
}

test("a place is that of the value, else of the nearest around it, else of the whole", () => {
  const { draft } = draftOfTwo();
  expect(placeOf(draft, ["list", 1, "a"])).toBe("third");
  expect(placeOf(draft, ["list", 1, "b", "c"])).toBe("second");
  expect(placeOf(draft, ["list", 0, "a"])).toBe("first");
  expect(placeOf(draft, ["other"])).toBeUndefined();
  draft.places.set("", "all of it");
  expect(placeOf(draft, ["other"])).toBe("all of it");
  expect(placeOf(draft, [])).toBe("all of it");
});

test("a value is found by its own keys alone, and nothing is below a scalar", () => {
  const { draft } = draftOfTwo();
  expect(valueAt(draft.root, [])).toBe(draft.root);
  expect(valueAt(draft.root, ["list", 0, "a"])).toBe(1);
  expect(valueAt(draft.root, ["list", 0, "toString"])).toBeUndefined();
  expect(valueAt(draft.root, ["list", 0, "a", "b"])).toBeUndefined();
  expect(valueAt("text", [0])).toBeUndefined();
  expect(valueAt(null, ["a", "b"])).toBeUndefined();
});

test("a value that is set or removed forgets what was known below it, and of no other", () => {
  const { draft, set } = draftOfTwo();
  draft.keyPlaces.set("list[1].a", "key");
  draft.filled.add("list[1].a");
  set(["lists"], 1, "another");
  remove(draft, ["list", 1]);
  expect(draft.root).toEqual({ list: [{ a: 1 }, undefined], lists: 1 });
  expect([draft.keyPlaces.size, draft.filled.size]).toEqual([0, 0]);
  set(["list"], [], "over it");
  expect([...draft.places]).toEqual([
    ["lists", "another"],
    ["list", "over it"],
  ]);
});

test("nothing is set below a scalar, nor added to what is no list", () => {
  const { draft, set } = draftOfTwo();
  set(["lists"], 1, "a scalar");
  set(["lists", "a"], 2, "below it");
  set(["lists", "a", "b"], 2, "below it");
  set(["list", 0, "+"], 2, "no list");
  expect(draft.root).toEqual({ list: [{ a: 1 }, { a: 3 }], lists: 1 });
});
