/** Places: a bound in total, one for each caller, and nothing is left of whoever went. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { Places } from "#core/places.ts";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Memory that is in use, in bytes. */
function heapBytes(): number {
  collect();
  return process.memoryUsage().heapUsed;
}

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

  test("whoever went is forgotten: memory goes by those who are there", () => {
    const places = new Places({ totalMax: 10, perCallerMax: 2 });
    const before = heapBytes();
    for (let count = 0; count < 100_000; count += 1) {
      for (const place of taken(places, `caller ${count}`, 2)) place[Symbol.dispose]();
    }
    expect(heapBytes() - before).toBeLessThan(2 << 20);
    expect(taken(places, "a", 1).length).toBe(1);
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
