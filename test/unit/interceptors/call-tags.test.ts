/** The tags of a call: those of its key and those that it brings, within bounds. */

import { expect, test } from "vitest";
import { tagsOf } from "#interceptors/call-tags.ts";

const of = (written: string, own?: readonly string[]) =>
  tagsOf(new Headers({ "x-polygate-tags": written }), own);

test("a call without tags has those of its key, or none", () => {
  expect(tagsOf(new Headers(), undefined)).toBeUndefined();
  expect(tagsOf(new Headers(), ["a"])).toEqual(["a"]);
});

test("tags that a call brings are added, each once", () => {
  expect(of("b, a ,,c", ["a"])).toEqual(["a", "b", "c"]);
  expect(of("")).toEqual([]);
});

test("no more than eight are brought, and none of more than 64 characters", () => {
  expect(of(Array.from({ length: 5_000 }, (_, at) => `t${at}`).join(","))).toHaveLength(8);
  expect(of(`${"x".repeat(65)},y`)).toEqual(["y"]);
});
