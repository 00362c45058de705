/** Least connections takes whoever is least busy, and equals alike. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { leastConnections } from "#routing/balancers/least-connections.ts";
import type { Candidates } from "#routing/candidate.ts";

const busy = (...inFlight: [number, ...number[]]): Candidates => {
  const [first, ...rest] = inFlight.map((count, index) => ({
    id: `core-${index + 1}`,
    weight: 1,
    inFlight: count,
  }));
  return [first ?? { id: "core-1", weight: 1, inFlight: 0 }, ...rest];
};

test.each([
  ["the least busy wins at the front", busy(0, 1, 2), "core-1"],
  ["the least busy wins at the end", busy(3, 2, 1), "core-3"],
  ["the least busy wins in the middle", busy(3, 1, 2), "core-2"],
] as const)("%s", (_, candidates, id) => {
  expect(leastConnections(seededRng(1))(candidates)).toBe(id);
});

test("equals are chosen alike, and only they", () => {
  const balancer = leastConnections(seededRng(1));
  const counts: Record<string, number> = {};
  for (let i = 0; i < 9000; i += 1) {
    const id = balancer(busy(1, 5, 1, 2, 1));
    counts[id] = (counts[id] ?? 0) + 1;
  }
  expect(Object.keys(counts).toSorted((a, b) => a.localeCompare(b))).toEqual([
    "core-1",
    "core-3",
    "core-5",
  ]);
  for (const count of Object.values(counts)) expect(Math.abs(count - 3000)).toBeLessThan(200);
});
