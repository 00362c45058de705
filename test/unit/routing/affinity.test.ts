import { describe, expect, it } from "vitest";
import { stickTo } from "#routing/affinity.ts";

const keys = Array.from({ length: 20_000 }, (_, index) => `session-${index}`);
const endpoints = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `endpoint-${index}`, weight: 1 }));

describe("affinity", () => {
  it("gives a key the same endpoint, whatever the order of the endpoints", () => {
    for (const key of keys.slice(0, 100)) {
      expect(stickTo(key, endpoints(5)).id).toBe(stickTo(key, endpoints(5).toReversed()).id);
    }
  });

  it.each([2, 3, 5, 10, 20])(
    "moves at most 1/n + 2 %% of the keys when the n-th of %i is added",
    (count) => {
      const moved = keys.filter(
        (key) => stickTo(key, endpoints(count - 1)).id !== stickTo(key, endpoints(count)).id,
      );
      expect(moved.length / keys.length).toBeLessThan(1 / count + 0.02);
      // Those that moved went to the new one.
      for (const key of moved)
        expect(stickTo(key, endpoints(count)).id).toBe(`endpoint-${count - 1}`);
    },
  );

  it("gives a key the endpoint that every version of the gateway gives it, for replicas may differ", () => {
    const three = ["a", "b", "c"].map((id, index) => ({ id, weight: index + 1 }));
    const given = keys.slice(0, 40).map((key) => stickTo(key, three).id);
    expect(given.join("")).toBe("bcbcbccccccccbcccccbbbccbbbbccbcbbbabccb");
  });

  it("spreads keys by weight", () => {
    const weighted = [
      { id: "a", weight: 3 },
      { id: "b", weight: 1 },
    ];
    const share = keys.filter((key) => stickTo(key, weighted).id === "a").length / keys.length;
    expect(Math.abs(share - 0.75)).toBeLessThan(0.015);
  });
});
