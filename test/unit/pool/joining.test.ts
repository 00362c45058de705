/** Members join and leave a pool while calls are under way, and nothing of the others changes. */

import { expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { Pool } from "#pool/pool.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { observed } from "../../support/observed.ts";

class CountingBackend {
  probes = 0;
  disposals = 0;

  async check(): Promise<void> {
    this.probes += 1;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposals += 1;
  }
}

function emptyPool() {
  const clock = createManualClock();
  const changes: string[] = [];
  const pool = new Pool<CountingBackend>(
    { name: "gpu", members: [], healthIntervalMs: 10_000, healthTimeoutMs: 2_000 },
    {
      clock,
      rng: seededRng(5),
      onChange: ({ member }) => changes.push(`${member.id} ${member.health.kind}`),
    },
  );
  const join = (id: string) => {
    const backend = new CountingBackend();
    pool.join({ id, weight: 1, backend });
    return backend;
  };
  const ids = () => pool.candidates().map(({ id }) => id);
  return { pool, clock, changes, join, ids };
}

test("a member that joins may be called at once, and is probed", async () => {
  const { pool, clock, changes, join, ids } = emptyPool();
  await using _ = pool;
  expect(pool.endpoints("m")).toEqual([]);
  const backend = join("gpu-1");
  expect(ids()).toEqual(["gpu-1"]);
  expect(pool.endpoints("m").map(({ id }) => id)).toEqual(["gpu-1"]);
  await clock.advance(0);
  expect(backend.probes).toBe(1);
  expect(changes).toEqual(["gpu-1 unknown", "gpu-1 healthy"]);
  expect(() => join("gpu-1")).toThrow(TypeError);
});

test("a member that leaves gets no call any more; those under way end first, then its backend", async () => {
  const { pool, clock, join, ids } = emptyPool();
  await using _ = pool;
  const backend = join("gpu-1");
  join("gpu-2");
  await clock.advance(0);
  const [one, other] = [pool.lease("gpu-1", "m"), pool.lease("gpu-1", "m")];
  pool.leave("gpu-1");
  expect(ids()).toEqual(["gpu-2"]);
  expect(pool.backends()).toHaveLength(1);
  expect(() => pool.lease("gpu-1")).toThrow(RangeError);
  one.settle("ok");
  expect(backend.disposals).toBe(0);
  expect(other.backend).toBe(backend);
  other.settle("ok", observed("m", 5));
  expect(backend.disposals).toBe(1);
  await clock.advance(60_000);
  expect(backend.probes).toBe(1);
});

test("a member without calls is disposed when it leaves, and not once more with the pool", async () => {
  const { pool, join } = emptyPool();
  const backend = join("gpu-1");
  pool.leave("gpu-1");
  pool.leave("gpu-1");
  expect(backend.disposals).toBe(1);
  await pool[Symbol.asyncDispose]();
  expect(backend.disposals).toBe(1);
});

test("a pool that ends cuts off those who have left with calls", async () => {
  const { pool, join } = emptyPool();
  const backend = join("gpu-1");
  const lease = pool.lease("gpu-1");
  pool.leave("gpu-1");
  await pool[Symbol.asyncDispose]();
  expect(backend.disposals).toBe(1);
  lease.settle("cancelled");
  expect(backend.disposals).toBe(1);
});

test("who takes the id of one that left begins without its numbers, and calls of that one do not count on it", async () => {
  const { pool, clock, join } = emptyPool();
  await using _ = pool;
  join("gpu-1");
  join("gpu-2");
  await clock.advance(0);
  pool.lease("gpu-2", "m").settle("ok", observed("m", 7));
  const late = pool.lease("gpu-1", "m");
  pool.leave("gpu-1");
  join("gpu-1");
  late.settle("failed", observed("m", 7));
  expect(pool.members()).toMatchObject([
    { id: "gpu-2", requests: 1, errors: 0, models: [{ model: "m", latencyMs: 7 }] },
    { id: "gpu-1", requests: 0, errors: 0, inFlight: 0, models: [] },
  ]);
});

test("a share may change, and the member keeps its numbers", async () => {
  const { pool, clock, join } = emptyPool();
  await using _ = pool;
  join("gpu-1");
  await clock.advance(0);
  pool.lease("gpu-1", "m").settle("ok", observed("m", 7));
  pool.weigh("gpu-1", 4);
  pool.weigh("nobody", 4);
  expect(pool.members()).toMatchObject([{ id: "gpu-1", weight: 4, requests: 1 }]);
});

test("a pool that an operator drained takes in nobody who would be called", async () => {
  const { pool, join, ids } = emptyPool();
  await using _ = pool;
  join("gpu-1");
  pool.drain(true);
  join("gpu-2");
  expect(ids()).toEqual([]);
  pool.drain(false);
  join("gpu-3");
  expect(ids()).toEqual(["gpu-1", "gpu-2", "gpu-3"]);
});
