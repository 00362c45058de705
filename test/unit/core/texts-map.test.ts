/** Values by several texts. */

import { expect, test } from "vitest";
import { TextsMap } from "#core/texts-map.ts";

test("each row of texts has its own value, whatever others begin like", () => {
  const map = new TextsMap<number>();
  map.set(["a", "b"], 1);
  map.set(["a", "b", "c"], 2);
  map.set(["ab"], 3);
  expect(map.get(["a", "b"])).toBe(1);
  expect(map.get(["a", "b", "c"])).toBe(2);
  expect(map.get(["ab"])).toBe(3);
  expect(map.get(["a"])).toBeUndefined();
  expect(map.get(["b", "a"])).toBeUndefined();
  expect(map.get(["a", "b", "c", "d"])).toBeUndefined();
  expect(map.size).toBe(3);
});

test("a value takes the place of the one before, and counts once", () => {
  const map = new TextsMap<number>();
  expect(map.set(["a"], 1)).toBe(1);
  expect(map.set(["a"], 2)).toBe(2);
  expect([map.get(["a"]), map.size]).toEqual([2, 1]);
});
