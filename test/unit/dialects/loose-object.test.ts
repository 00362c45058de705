/** What a provider's JSON holds is read by its type; what is missing or of another type counts as empty. */

import { expect, test } from "vitest";
import { LooseObject } from "#dialects/loose-object.ts";

test.each([undefined, null, [], "x", 1])("%j is no object, and has nothing", (value) => {
  const object = new LooseObject(value);
  expect([object.exists, object.has("length"), object.text("x")]).toEqual([false, false, ""]);
});

test("a field that is null, or of the prototype, is not there", () => {
  const object = new LooseObject({ a: null, b: false });
  expect(object.exists).toBe(true);
  expect(["a", "b", "c", "constructor"].map((name) => object.has(name))).toEqual([
    false,
    true,
    false,
    false,
  ]);
});

test("texts and numbers are taken, and nothing else for them", () => {
  const object = new LooseObject({ text: "a", number: -1.5 });
  expect([object.text("text"), object.text("number")]).toEqual(["a", ""]);
  expect([object.number("number"), object.number("text")]).toEqual([-1.5, undefined]);
});

test.each([
  [7, 7],
  [7.9, 7],
  [0, 0],
  [-1, 0],
  ["7", 0],
  [Number.NaN, 0],
  [2 ** 31 - 1, 2 ** 31 - 1],
  [2 ** 31, 2 ** 31 - 1],
])("a count of %j is %i", (value, count) => {
  expect(new LooseObject({ x: value }).count("x")).toBe(count);
});

test("objects within are read, those of a list without what is none", () => {
  const object = new LooseObject({ one: { a: "1" }, list: [{ a: "2" }, null, 3, [], { a: "4" }] });
  expect([object.object("one").text("a"), object.object("none").exists]).toEqual(["1", false]);
  expect(object.objects("list").map((one) => one.text("a"))).toEqual(["2", "4"]);
  expect(object.objects("one")).toEqual([]);
});
