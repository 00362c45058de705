/** Weighted gives exact shares, spread out. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { weighted } from "#routing/balancers/weighted.ts";
import type { Candidates } from "#routing/candidate.ts";

function weighing(...weights: readonly number[]): Candidates {
  const [first, ...rest] = weights.map((weight, index) => ({
    id: `core-${index + 1}`,
    weight,
    inFlight: 0,
  }));
  return [first ?? { id: "core-1", weight: 1, inFlight: 0 }, ...rest];
}

test("weights 5, 1, 1 are spread: the heavy one has no long run", () => {
  const balancer = weighted();
  const turns = Array.from({ length: 7 }, () => balancer(weighing(5, 1, 1)));
  expect(turns.map((id) => id.at(-1)).join("")).toBe("1121311");
});

test("in as many calls as the sum of weights each has exactly its weight, round after round", () => {
  const weights = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(weights, (shares) => {
      const balancer = weighted();
      const sum = shares.reduce((total, share) => total + share, 0);
      for (let round = 0; round < 3; round += 1) {
        const counts = shares.map(() => 0);
        for (let i = 0; i < sum; i += 1) {
          const index = Number(balancer(weighing(...shares)).slice("core-".length)) - 1;
          counts[index] = (counts[index] ?? 0) + 1;
        }
        expect(counts).toEqual(shares);
      }
    }),
  );
});

test("fractions are weights too", () => {
  const balancer = weighted();
  const turns = Array.from({ length: 100 }, () => balancer(weighing(0.75, 0.25)));
  expect(turns.filter((id) => id === "core-1")).toHaveLength(75);
});

test("a member that was away is not flooded when it returns", () => {
  const balancer = weighted();
  const both = weighing(1, 1);
  for (let i = 0; i < 5; i += 1) balancer(both);
  for (let i = 0; i < 1000; i += 1) balancer([both[0]]);
  const turns = Array.from({ length: 10 }, () => balancer(both));
  expect(turns.filter((id) => id === "core-2").length).toBeGreaterThanOrEqual(4);
  expect(turns.filter((id) => id === "core-2").length).toBeLessThanOrEqual(6);
});
