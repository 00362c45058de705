/** Places: a bound in total, one for each caller, and nothing is left of whoever went. */

import { describe, expect, test } from "vitest";
import { Places } from "#core/places.ts";

/** Takes `count` places and returns those that were given. */
function taken(places: Places, caller: string, count: number): Disposable[] {
  return Array.from({ length: count }, () => places.take(caller)).filter((place) => !!place);
}

describe("places", () => {
  test("one caller gets as many as one may have, and others still get theirs", () => {
    const places = new Places({ totalMax: 5, perCallerMax: 2 });
    expect(taken(places, "a", 3).length).toBe(2);
    expect(taken(places, "b", 3).length).toBe(2);
  });

  test("all callers together get as many as there are", () => {
    const places = new Places({ totalMax: 5, perCallerMax: 2 });
    const callers = ["a", "b", "c", "d"];
    expect(callers.map((caller) => taken(places, caller, 2).length)).toEqual([2, 2, 1, 0]);
  });

  test("a place that is left is free again, for its caller and in total", () => {
    const places = new Places({ totalMax: 2, perCallerMax: 2 });
    const [first, second] = taken(places, "a", 2);
    first?.[Symbol.dispose]();
    expect(taken(places, "a", 2).length).toBe(1);
    second?.[Symbol.dispose]();
    expect(taken(places, "b", 2).length).toBe(1);
  });

  test("a place that is left twice frees one place", () => {
    const places = new Places({ totalMax: 3, perCallerMax: 2 });
    const [first] = taken(places, "a", 2);
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    expect(taken(places, "a", 3).length).toBe(1);
    expect(taken(places, "b", 3).length).toBe(1);
  });

  test("who was refused has taken nothing", () => {
    const places = new Places({ totalMax: 3, perCallerMax: 1 });
    const [held] = taken(places, "a", 1);
    expect(taken(places, "a", 100).length).toBe(0);
    held?.[Symbol.dispose]();
    expect(["a", "b", "c", "d"].map((caller) => taken(places, caller, 1).length)).toEqual([
      1, 1, 1, 0,
    ]);
  });
});
