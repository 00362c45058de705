/** A backend of some capacity in virtual time: an adaptive limit finds it, and follows when it changes. */

import { describe, expect, test } from "vitest";
import { seededRng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { PooledBackend } from "#pool/member.ts";
import { Pool } from "#pool/pool.ts";
import { createBalancer } from "#routing/balancer.ts";
import { createDispatch } from "#routing/dispatch.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { unlimitedBudgets } from "../support/budgets.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

/** How long a call takes: one window of the limit. */
const windowMs = 100;

/** A backend that takes so many calls at one time, and refuses others. */
class BoundedBackend implements PooledBackend {
  capacity: number;
  refused = 0;
  served = 0;
  #inFlight = 0;
  readonly #clock: ManualClock;

  constructor(capacity: number, clock: ManualClock) {
    this.capacity = capacity;
    this.#clock = clock;
  }

  async check(): Promise<void> {}

  async work(signal: AbortSignal): Promise<void> {
    if (this.#inFlight >= this.capacity) {
      this.refused += 1;
      throw fault("BACKEND_OVERLOADED", "the backend has a full queue");
    }
    this.#inFlight += 1;
    try {
      await this.#clock.sleep(windowMs, signal);
      this.served += 1;
    } finally {
      this.#inFlight -= 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** A pool of one such backend, and clients that always want more than it can do. */
function simulation(capacity: number) {
  const clock = createManualClock();
  const rng = seededRng(20_261_130);
  const backend = new BoundedBackend(capacity, clock);
  const pool = new Pool(
    {
      name: "sim",
      members: [{ id: "one", weight: 1, backend }],
      concurrentMax: { min: 4, max: 1_000 },
      queue: { callsMax: 10_000, waitMs: 60_000 },
      healthIntervalMs: 3_600_000,
      healthTimeoutMs: 1_000,
      // Whether it is ejected is the breaker's matter, and not that of the limit.
      ejectionMs: 0.001,
    },
    { clock, rng },
  );
  const route = poolRoute({
    pool,
    balancer: createBalancer("round_robin", rng),
    algorithm: "round_robin",
    retryAttempts: 0,
    rng,
  });
  const dispatch = createDispatch({ clock, rng, budgets: unlimitedBudgets() });
  const stop = new AbortController();
  const client = async () => {
    while (!stop.signal.aborted) {
      const call = { signal: stop.signal, requestId: "", priority: "normal" as const };
      try {
        await dispatch.call(route, (one, { signal }) => one.work(signal), call);
      } catch (thrown) {
        const reason = reasonOf(faultFrom(thrown));
        if (reason !== "BACKEND_OVERLOADED" && reason !== "POOL_EMPTY") continue;
        await clock.sleep(1, stop.signal).catch(() => {});
      }
    }
  };
  const clients = Array.from({ length: 400 }, client);
  const windows = async (count: number) => {
    for (let done = 0; done < count; done += 1) await clock.advance(windowMs);
  };
  const limit = () => pool.snapshot()[0]?.concurrentMax ?? 0;
  return {
    ...{ backend, windows, limit },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await clock.advance(windowMs);
      await Promise.all(clients);
      await pool[Symbol.asyncDispose]();
    },
  };
}

/** Where a limit that was found stays: a tenth below what the backend takes, and one call above it. */
const near = (capacity: number) => ({ least: Math.floor(capacity * 0.88), most: capacity + 2 });

describe("the limit of a backend under more load than it takes", () => {
  test.each([10, 50, 200])(
    "finds a capacity of %i within 16 windows, and stays there",
    async (capacity) => {
      await using sim = simulation(capacity);
      await sim.windows(16);
      const { least, most } = near(capacity);
      for (let window = 0; window < 30; window += 1) {
        await sim.windows(1);
        expect(sim.limit()).toBeGreaterThanOrEqual(least);
        expect(sim.limit()).toBeLessThanOrEqual(most);
      }
    },
  );

  test("follows a capacity that is halved within 12 windows, and one that grows by a window for each call", async () => {
    await using sim = simulation(60);
    await sim.windows(16);
    sim.backend.capacity = 30;
    await sim.windows(12);
    expect(sim.limit()).toBeGreaterThanOrEqual(near(30).least);
    expect(sim.limit()).toBeLessThanOrEqual(near(30).most);
    sim.backend.capacity = 50;
    await sim.windows(28);
    expect(sim.limit()).toBeGreaterThanOrEqual(near(50).least);
    expect(sim.limit()).toBeLessThanOrEqual(near(50).most);
  });

  test("once found, few calls are refused, and nearly all that can be done is done", async () => {
    await using sim = simulation(50);
    await sim.windows(16);
    const { refused, served } = sim.backend;
    await sim.windows(100);
    expect(sim.backend.refused - refused).toBeLessThan(0.02 * (sim.backend.served - served));
    expect(sim.backend.served - served).toBeGreaterThan(0.9 * 50 * 100);
  });
});
