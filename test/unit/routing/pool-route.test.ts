/** A walk over a pool: who may be asked after which failure. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import type { Reason } from "#errors/reason.ts";
import { Pool } from "#pool/pool.ts";
import { roundRobin } from "#routing/balancers/round-robin.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { createManualClock } from "../../support/manual-clock.ts";

function routeOver(count: number) {
  const members = Array.from({ length: count }, (_, index) => ({
    id: `core-${index + 1}`,
    weight: 1,
    backend: { check: async () => {}, [Symbol.asyncDispose]: async () => {} },
  }));
  const pool = new Pool(
    { name: "chat", members, healthIntervalMs: 10_000, healthTimeoutMs: 1_000 },
    { clock: createManualClock(), rng: seededRng(1) },
  );
  const route = poolRoute({
    pool,
    balancer: roundRobin(),
    algorithm: "round_robin",
    retryAttempts: 2,
    rng: seededRng(1),
  });
  return { pool, route };
}

const rows: readonly [string, Reason, boolean][] = [
  ["a lost backend is left for another", "BACKEND_LOST", true],
  ["a backend that broke is left for another", "BACKEND_FAILED", true],
  ["an overloaded backend is left for another", "OVERLOADED", true],
  ["a backend that ran out of its own time is left for another", "BACKEND_TIMEOUT", true],
  ["a refusal would be the same elsewhere", "BACKEND_REFUSED", false],
  ["an invalid request would be the same elsewhere", "REQUEST_INVALID", false],
  ["a bug of ours is not spread over endpoints", "INTERNAL", false],
];
test.each(rows)("%s", async (_, reason, goesOn) => {
  const { pool, route } = routeOver(2);
  await using _pool = pool;
  const walk = route.begin();
  const first = walk.next();
  using _first = first?.lease;
  if (first !== undefined) walk.failed(first, reason);
  using second = walk.next()?.lease;
  expect(second?.id).toBe(goesOn ? "core-2" : undefined);
});

test("the next is always another, and who finds nobody at all is told so", async () => {
  const { pool, route } = routeOver(2);
  await using _pool = pool;
  const walk = route.begin();
  const asked = [0, 1, 2].map(() => {
    const choice = walk.next();
    if (choice !== undefined) walk.failed(choice, "BACKEND_LOST");
    return choice;
  });
  expect(asked.map((choice) => choice?.lease.id)).toEqual(["core-1", "core-2", undefined]);
  for (const choice of asked) choice?.lease.settle("ok");
  expect(walk.empty().rawMessage).toContain('pool "chat"');
});
