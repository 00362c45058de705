/** A pool knows who is alive, finds out fast, and counts every call once. */

import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { fault } from "#errors/fault.ts";
import { Pool, type PoolChange, type PoolEjection } from "#pool/pool.ts";
import { createManualClock } from "../../support/manual-clock.ts";
import { observed } from "../../support/observed.ts";

const intervalMs = 10_000;
const timeoutMs = 2_000;

/** A backend whose health is a switch. */
class SwitchBackend {
  up = true;
  hangs = false;
  probes = 0;
  disposed = false;

  async check(signal: AbortSignal): Promise<void> {
    this.probes += 1;
    if (this.hangs) await new Promise((_, reject) => signal.addEventListener("abort", reject));
    if (!this.up) throw fault("BACKEND_LOST", "the core cannot be reached");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disposed = true;
  }
}

function poolOf(count: number, prepare: (backends: readonly SwitchBackend[]) => void = () => {}) {
  const clock = createManualClock();
  const changes: string[] = [];
  const backends = Array.from({ length: count }, () => new SwitchBackend());
  prepare(backends);
  const pool = new Pool(
    {
      name: "chat",
      members: backends.map((backend, index) => ({ id: `core-${index + 1}`, weight: 1, backend })),
      healthIntervalMs: intervalMs,
      healthTimeoutMs: timeoutMs,
    },
    {
      clock,
      rng: seededRng(3),
      onChange: ({ pool: name, member }: PoolChange) =>
        changes.push(`${name} ${member.id} ${member.health.kind}`),
    },
  );
  const eligible = () => pool.candidates().map(({ id }) => id);
  const kinds = () => pool.snapshot().map(({ health }) => health.kind);
  return { pool, clock, backends, changes, eligible, kinds };
}

describe("health", () => {
  test("members are unknown and eligible until the first probes, which start at once", async () => {
    const { pool, clock, backends, eligible, kinds, changes } = poolOf(3, ([, second]) => {
      if (second !== undefined) second.up = false;
    });
    await using _ = pool;
    expect(kinds()).toEqual(["unknown", "unknown", "unknown"]);
    expect(eligible()).toEqual(["core-1", "core-2", "core-3"]);
    expect(backends.map(({ probes }) => probes)).toEqual([1, 1, 1]);
    await clock.advance(0);
    expect(kinds()).toEqual(["healthy", "unhealthy", "healthy"]);
    expect(eligible()).toEqual(["core-1", "core-3"]);
    expect(new Set(changes)).toEqual(
      new Set(["chat core-1 healthy", "chat core-2 unhealthy", "chat core-3 healthy"]),
    );
  });

  test("a snapshot tells when it was checked, how long it took and what was wrong", async () => {
    const { pool, clock } = poolOf(2, ([first, second]) => {
      if (first !== undefined) first.hangs = true;
      if (second !== undefined) second.up = false;
    });
    await using _ = pool;
    await clock.advance(timeoutMs);
    expect(pool.snapshot()).toMatchObject([
      {
        id: "core-1",
        health: {
          kind: "unhealthy",
          error: "no response within 2000 ms",
          responseTimeMs: timeoutMs,
          lastCheckWallMs: clock.wallMs(),
        },
      },
      { id: "core-2", health: { error: "the core cannot be reached", responseTimeMs: 0 } },
    ]);
  });

  test("a snapshot tells the status of HTTP that a probe was answered with, where there was one", async () => {
    const statuses = [200, "no HTTP", 503, "lost"] as const;
    const backends = statuses.map((status) => ({
      async check() {
        if (status === 200) return status;
        const metadata = status === 503 ? { upstream_status: "503" } : {};
        if (status !== "no HTTP") throw fault("BACKEND_LOST", "down", { metadata });
        return undefined;
      },
      async [Symbol.asyncDispose]() {},
    }));
    const clock = createManualClock();
    await using pool = new Pool(
      {
        name: "chat",
        members: backends.map((backend, index) => ({ id: `core-${index}`, weight: 1, backend })),
        healthIntervalMs: intervalMs,
        healthTimeoutMs: timeoutMs,
      },
      { clock, rng: seededRng(3) },
    );
    await clock.advance(0);
    expect(
      pool
        .snapshot()
        .map(({ health }) => [health.kind, "statusCode" in health && health.statusCode]),
    ).toEqual([
      ["healthy", 200],
      ["healthy", undefined],
      ["unhealthy", 503],
      ["unhealthy", undefined],
    ]);
  });

  test("a member that dies quietly is out within an interval", async () => {
    const { pool, clock, backends, eligible } = poolOf(2);
    await using _ = pool;
    await clock.advance(0);
    for (const backend of backends.slice(0, 1)) backend.up = false;
    await clock.advance(intervalMs);
    expect(eligible()).toEqual(["core-2"]);
  });

  test("a member that comes back is in within an interval", async () => {
    const { pool, clock, backends, eligible, changes } = poolOf(2, ([first]) => {
      if (first !== undefined) first.up = false;
    });
    await using _ = pool;
    await clock.advance(3 * intervalMs);
    expect(eligible()).toEqual(["core-2"]);
    for (const backend of backends) backend.up = true;
    await clock.advance(intervalMs);
    expect(eligible()).toEqual(["core-1", "core-2"]);
    expect(changes.filter((change) => change.includes("core-1"))).toEqual([
      "chat core-1 unhealthy",
      "chat core-1 healthy",
    ]);
  });

  test("when no member is healthy there is no candidate", async () => {
    const { pool, clock, eligible } = poolOf(2, (backends) => {
      for (const backend of backends) backend.up = false;
    });
    await using _ = pool;
    await clock.advance(0);
    expect(eligible()).toEqual([]);
  });

  test("a sick member is probed twice as often as a healthy one", async () => {
    const { pool, clock, backends } = poolOf(8, (all) => {
      for (const backend of all.slice(0, 4)) backend.up = false;
    });
    await using _ = pool;
    await clock.advance(20 * intervalMs);
    for (const [index, { probes }] of backends.entries()) {
      const [least, most] = index < 4 ? [41, 52] : [21, 26];
      expect(probes).toBeGreaterThanOrEqual(least ?? 0);
      expect(probes).toBeLessThanOrEqual(most ?? 0);
    }
  });

  test("probes of a sound pool come at most a fifth early, and not in step", async () => {
    const { pool, clock, backends } = poolOf(8);
    await using _ = pool;
    await clock.advance(10 * intervalMs);
    for (const { probes } of backends) {
      expect(probes).toBeGreaterThanOrEqual(11);
      expect(probes).toBeLessThanOrEqual(13);
    }
    await clock.advance(intervalMs * 0.79);
    const checkedAt = pool
      .snapshot()
      .map(({ health }) => (health.kind === "unknown" ? 0 : health.lastCheckWallMs));
    expect(new Set(checkedAt).size).toBe(backends.length);
  });
});

test("a member that answers calls while a probe of it runs out of time is well", async () => {
  const { pool, clock, backends, kinds } = poolOf(2, (all) => {
    for (const backend of all) backend.hangs = true;
  });
  await using _ = pool;
  await clock.advance(timeoutMs - 1);
  pool.lease("core-1").settle("ok", observed("", 5));
  pool.lease("core-2").settle("failed", observed("", 5));
  await clock.advance(1);
  expect(kinds()).toEqual(["healthy", "unhealthy"]);
  expect(backends.map(({ probes }) => probes)).toEqual([1, 1]);
});

describe("the pace of probes", () => {
  test("a member that is not healthy is probed twice as often", async () => {
    const { pool, clock, backends } = poolOf(1, (all) => {
      for (const backend of all) backend.up = false;
    });
    await using _ = pool;
    await clock.advance(10 * intervalMs);
    // Pauses of 4 to 5 s: 20 to 25 of them, after the first probe.
    expect(backends[0]?.probes).toBeGreaterThanOrEqual(21);
    expect(backends[0]?.probes).toBeLessThanOrEqual(26);
  });

  test("a probe's time counts from its own beginning", async () => {
    const { pool, clock, backends } = poolOf(1);
    await using _ = pool;
    await clock.advance(intervalMs / 2);
    for (const backend of backends) backend.hangs = true;
    await clock.advance(intervalMs / 2 + timeoutMs);
    expect(pool.snapshot()).toMatchObject([
      { health: { kind: "unhealthy", responseTimeMs: timeoutMs } },
    ]);
  });

  test("a refresh before the first probe has ended waits for it", async () => {
    const { pool, clock, backends, kinds } = poolOf(1);
    await using _ = pool;
    const refreshed = pool.refresh(50);
    await clock.advance(0);
    await refreshed;
    expect(kinds()).toEqual(["healthy"]);
    expect(backends[0]?.probes).toBe(1);
  });
});

describe("suspicion", () => {
  test("a lost connection removes a dead member by one probe, without waiting", async () => {
    const { pool, clock, backends, eligible } = poolOf(2);
    await using _ = pool;
    await clock.advance(intervalMs / 2);
    for (const backend of backends.slice(0, 1)) backend.up = false;
    const before = backends[0]?.probes ?? 0;
    pool.lease("core-1").settle("lost");
    await clock.advance(0);
    expect(eligible()).toEqual(["core-2"]);
    expect(backends[0]?.probes).toBe(before + 1);
  });

  test("a member that is alive and loses calls all the time is not flooded with probes", async () => {
    const { pool, clock, backends, eligible } = poolOf(1);
    await using _ = pool;
    for (let i = 0; i < 1000; i += 1) {
      pool.lease("core-1").settle("lost");
      await clock.advance(intervalMs / 1000);
    }
    expect(backends[0]?.probes).toBeGreaterThan(10);
    expect(backends[0]?.probes).toBeLessThanOrEqual(22);
    expect(eligible()).toEqual(["core-1"]);
  });

  test("a failure of the call alone raises none", async () => {
    const { pool, clock, backends } = poolOf(1);
    await using _ = pool;
    await clock.advance(intervalMs / 2);
    for (const outcome of ["ok", "refused", "cancelled", "failed"] as const) {
      pool.lease("core-1").settle(outcome);
    }
    await clock.advance(0);
    expect(backends[0]?.probes).toBe(1);
  });
});

describe("refresh", () => {
  test("probes every member now, and tells how they are now", async () => {
    const { pool, clock, backends, kinds } = poolOf(2);
    await using _ = pool;
    await clock.advance(intervalMs / 2);
    for (const backend of backends) backend.up = false;
    await pool.refresh(50);
    expect(kinds()).toEqual(["unhealthy", "unhealthy"]);
    expect(backends.map(({ probes }) => probes)).toEqual([2, 2]);
  });

  test("waits no longer than its cap for a member that hangs", async () => {
    const { pool, clock, backends } = poolOf(2);
    await using _ = pool;
    await clock.advance(intervalMs / 2);
    for (const backend of backends.slice(0, 1)) backend.hangs = true;
    const startedMs = clock.nowMs();
    const refreshed = pool.refresh(50);
    await clock.advance(50);
    await refreshed;
    expect(clock.nowMs() - startedMs).toBe(50);
    const checked = pool
      .snapshot()
      .map(({ health }) => (health.kind === "unknown" ? 0 : health.lastCheckWallMs));
    expect(checked).toEqual([clock.wallMs() - 50 - intervalMs / 2, clock.wallMs() - 50]);
  });

  test("a probe that has just ended is not repeated", async () => {
    const { pool, clock, backends } = poolOf(1);
    await using _ = pool;
    await clock.advance(0);
    await pool.refresh(50);
    await pool.refresh(50);
    expect(backends[0]?.probes).toBe(1);
    expect(clock.sleeping()).toBe(1);
  });
});

describe("leases", () => {
  const rows = [
    ["ok", 0],
    ["refused", 0],
    ["cancelled", 0],
    ["failed", 1],
    ["lost", 1],
  ] as const;
  test.each(rows)(
    "a call that ends %s counts %d errors, and is no longer in flight",
    async (outcome, errors) => {
      const { pool } = poolOf(1);
      await using _ = pool;
      const lease = pool.lease("core-1");
      expect(pool.candidates()).toEqual([{ id: "core-1", weight: 1, inFlight: 1 }]);
      lease.settle(outcome);
      expect(pool.snapshot()).toMatchObject([{ inFlight: 0, requests: 1, errors }]);
    },
  );

  test("only the first outcome counts, and disposal after it changes nothing", async () => {
    const { pool } = poolOf(1);
    await using _ = pool;
    {
      using lease = pool.lease("core-1");
      lease.settle("failed");
      lease.settle("failed");
    }
    expect(pool.snapshot()).toMatchObject([{ inFlight: 0, requests: 1, errors: 1 }]);
  });

  test("a lease that is left without an outcome ends by its scope", async () => {
    const { pool, backends } = poolOf(1);
    await using _ = pool;
    {
      using lease = pool.lease("core-1");
      expect(lease.backend).toBe(backends[0]);
    }
    expect(pool.snapshot()).toMatchObject([{ inFlight: 0, requests: 1, errors: 0 }]);
  });

  test("candidates are a snapshot: later calls do not change it", async () => {
    const { pool } = poolOf(1);
    await using _ = pool;
    const before = pool.candidates();
    using _lease = pool.lease("core-1");
    expect(before).toEqual([{ id: "core-1", weight: 1, inFlight: 0 }]);
  });

  test("no member, no lease", async () => {
    const { pool } = poolOf(1);
    await using _ = pool;
    expect(() => pool.lease("core-9")).toThrow(new RangeError("pool chat has no member core-9"));
  });
});

describe("an ejection is told once,", () => {
  const ejectionsOf = () => {
    const told: PoolEjection[] = [];
    const clock = createManualClock();
    const members = [{ id: "core-1", weight: 1, backend: new SwitchBackend() }];
    const pool = new Pool(
      { name: "chat", members, healthIntervalMs: intervalMs, healthTimeoutMs: timeoutMs },
      { clock, rng: seededRng(3), onEjection: (ejection) => told.push(ejection) },
    );
    const call = (outcome: "ok" | "failed", retryAfterMs = 0) => {
      const lease = pool.lease("core-1", "m");
      return () => lease.settle(outcome, observed("m", 1, { retryAfterMs }));
    };
    return { told, clock, pool, call };
  };

  test("however many calls under way fail as well, and again when it did not recover", async () => {
    const { told, clock, pool, call } = ejectionsOf();
    await using _ = pool;
    const ends = Array.from({ length: 20 }, () => call("failed"));
    for (const end of ends) end();
    const first = { pool: "chat", endpoint: "core-1", model: "m", cause: "failures" };
    expect(told).toEqual([{ ...first, forMs: 5_000 }]);
    await clock.advance(5_001);
    call("failed")();
    expect(told.slice(1)).toEqual([{ ...first, forMs: 10_000 }]);
    await clock.advance(10_001);
    call("ok")();
    call("failed")();
    expect(told).toHaveLength(2);
  });

  test("also of one that asked to be left alone, with the time that it asked for", async () => {
    const { told, pool, call } = ejectionsOf();
    await using _ = pool;
    call("failed", 7_000)();
    call("failed", 6_000)();
    expect(told).toMatchObject([{ cause: "retry_after", forMs: 7_000 }]);
  });
});

test("models without end cost no memory without end: what is known of the first is forgotten", async () => {
  const { pool } = poolOf(1);
  await using _ = pool;
  const settle = (model: string) =>
    pool.lease("core-1", model).settle("failed", observed(model, 1, { retryAfterMs: 60_000 }));
  const fitnessOf = (model: string) => pool.endpoints(model)[0]?.fitness;
  for (let model = 0; model < 256; model += 1) settle(`m${model}`);
  expect([fitnessOf("m0"), fitnessOf("m255")]).toEqual(["resting", "resting"]);
  settle("one more");
  expect([fitnessOf("m1"), fitnessOf("m0")]).toEqual(["resting", "fit"]);
});

test("disposal stops the probes, even one under way, and closes every backend", async () => {
  const { pool, clock, backends } = poolOf(3, ([first]) => {
    if (first !== undefined) first.hangs = true;
  });
  await clock.advance(0);
  await pool[Symbol.asyncDispose]();
  const probes = backends.map((backend) => backend.probes);
  await clock.advance(5 * intervalMs);
  expect(backends.map((backend) => backend.probes)).toEqual(probes);
  expect(backends.every(({ disposed }) => disposed)).toBe(true);
  expect(clock.sleeping()).toBe(0);
});

test("what a probe finds after disposal is reported to nobody", async () => {
  const { pool, clock, changes, kinds } = poolOf(1, (all) => {
    for (const backend of all) backend.hangs = true;
  });
  await pool[Symbol.asyncDispose]();
  await clock.advance(timeoutMs);
  expect(changes).toEqual([]);
  expect(kinds()).toEqual(["unknown"]);
});

test("two members of one id are refused", () => {
  const member = { id: "core-1", weight: 1, backend: new SwitchBackend() };
  const options = { name: "chat", healthIntervalMs: intervalMs, healthTimeoutMs: timeoutMs };
  const deps = { clock: createManualClock(), rng: seededRng(1) };
  expect(() => new Pool({ ...options, members: [member, member] }, deps)).toThrow(
    new TypeError("pool chat has two members with the same id"),
  );
});
