/** What operators do to a pool: drain, resume, reset, and report load from elsewhere. */

import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { reasonOf } from "#errors/fault.ts";
import type { PooledBackend } from "#pool/member.ts";
import { Pool } from "#pool/pool.ts";
import { defaultWeights } from "#routing/strategies/scored.ts";
import { StrategyNode } from "#routing/strategy-route.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { observed } from "../../support/observed.ts";

function setting(concurrentMax?: number) {
  const clock = createManualClock();
  const changes: string[] = [];
  const resets: string[] = [];
  const members = ["a", "b"].map((id) => {
    const backend: PooledBackend = {
      check: async () => {},
      reset: () => resets.push(id),
      [Symbol.asyncDispose]: async () => {},
    };
    return { id, weight: 1, backend };
  });
  const pool = new Pool(
    {
      ...{ name: "gpu", members, healthIntervalMs: 3_600_000, healthTimeoutMs: 1_000 },
      ...(concurrentMax === undefined ? {} : { concurrentMax }),
    },
    {
      ...{ clock, rng: seededRng(1) },
      onChange: ({ member }) => changes.push(`${member.id} ${member.isDraining}`),
    },
  );
  const ids = () => pool.endpoints("m").map(({ id }) => id);
  return { clock, pool, ids, changes, resets };
}

test("where all are full a call is refused as one too many, not as sent to the sick", async () => {
  const { pool } = setting(1);
  const node = new StrategyNode({
    ...{ name: "route", strategy: "round_robin", hasAffinity: false, rng: seededRng(1) },
    targets: [{ pool, model: "m", weight: 1, costOf: () => undefined }],
    wishes: { weights: defaultWeights },
  });
  const walk = node.walk({ promptTokens: 1, outputTokens: 1 });
  const first = walk.next();
  walk.next();
  expect(walk.next()).toBeUndefined();
  expect(reasonOf(walk.empty())).toBe("OVERLOADED");
  first?.lease.settle("ok");
  const later = node.walk({ promptTokens: 1, outputTokens: 1 });
  expect(later.next()?.lease.id).toBe(first?.lease.id);
  pool.drain(true);
  expect(reasonOf(node.walk({ promptTokens: 1, outputTokens: 1 }).empty())).toBe("POOL_EMPTY");
});

describe("draining", () => {
  test("takes members out for every way to choose, says why, and tells of it once", () => {
    const { pool, ids, changes } = setting();
    expect(pool.drain(true, "a")).toBe(true);
    pool.drain(true, "a");
    expect([ids(), pool.candidates().map(({ id }) => id)]).toEqual([["b"], ["b"]]);
    expect(pool.excluded("m")).toEqual([
      { provider: "gpu", endpoint: "a", model: "m", reason: "draining" },
    ]);
    expect(changes).toEqual(["a true"]);
    pool.drain(true);
    expect([ids(), changes]).toEqual([[], ["a true", "b true"]]);
    pool.drain(false);
    expect(ids()).toEqual(["a", "b"]);
  });

  test("leaves leases as they are: their calls are counted to their ends", () => {
    const { pool } = setting();
    const lease = pool.lease("a", "m");
    pool.drain(true);
    expect(pool.snapshot()[0]).toMatchObject({ inFlight: 1, isDraining: true });
    lease.settle("ok", observed("m", 5));
    expect(pool.snapshot()[0]).toMatchObject({ inFlight: 0, errors: 0 });
  });

  test("of a member that is not there does nothing", () => {
    const { pool, ids } = setting();
    expect([pool.drain(true, "c"), pool.reset("c")]).toEqual([false, false]);
    expect(ids()).toEqual(["a", "b"]);
  });
});

test("a reset closes breakers, forgets numbers, and has calls under way still counted", () => {
  const { pool, resets } = setting();
  const under = pool.lease("a", "m");
  for (let call = 0; call < 10; call += 1) {
    pool.lease("a", "m").settle("failed", observed("m", 5));
  }
  expect(pool.endpoints("m").find(({ id }) => id === "a")?.fitness).toBe("ejected");
  expect(pool.members()[0]).toMatchObject({
    errors: 10,
    models: [{ model: "m", breaker: "open" }],
  });
  pool.reset("a");
  expect(pool.endpoints("m").map(({ fitness }) => fitness)).toEqual(["fit", "fit"]);
  expect(pool.members()[0]).toMatchObject({ errors: 0, requests: 1, inFlight: 1, models: [] });
  expect(resets).toEqual(["a"]);
  under.settle("ok", observed("m", 5));
  expect(pool.members()[0]).toMatchObject({ inFlight: 0 });
});

test("looking at a pool for models that it was never asked for keeps nothing of them", () => {
  const { pool } = setting();
  pool.lease("a", "real").settle("ok", observed("real", 5));
  for (let name = 0; name < 1_000; name += 1) pool.endpoints(`m${name}`);
  expect(pool.members()[0]?.models.map(({ model }) => model)).toEqual(["real"]);
});

describe("reported load", () => {
  const loads = (pool: ReturnType<typeof setting>["pool"]) =>
    pool.endpoints("m").map(({ inFlight }) => inFlight);

  test("is shared out over the members, and fills them up", () => {
    const { pool, ids } = setting(2);
    expect([pool.report(1), pool.report(1)]).toEqual([1, 2]);
    expect(loads(pool)).toEqual([1, 1]);
    pool.lease("a", "m");
    expect(ids()).toEqual(["b"]);
    expect(pool.excluded("m")).toMatchObject([
      { endpoint: "a", reason: "max_concurrent", value: 2, limit: 2 },
    ]);
    pool.report(-1);
    expect(ids()).toEqual(["a", "b"]);
  });

  test("is forgotten a minute after the last word of it, and begins anew then", async () => {
    const { clock, pool } = setting();
    pool.report(1);
    await clock.advance(59_000);
    pool.report(1);
    await clock.advance(60_000);
    expect([pool.reported, loads(pool)]).toEqual([2, [1, 1]]);
    await clock.advance(1);
    expect([pool.reported, loads(pool)]).toEqual([0, [0, 0]]);
    expect(pool.report(1)).toBe(1);
  });

  test("is never below zero or above its bound", () => {
    const { pool } = setting();
    expect(pool.report(-1)).toBe(0);
    for (let call = 0; call < 1_000_010; call += 1) pool.report(1);
    expect(pool.reported).toBe(1_000_000);
  });
});
