/** A hundred thousand calls in virtual time over members that come and go: nothing is lost or leaked. */

import { describe, expect, test } from "vitest";
import { type Rng, seededRng } from "#core/rng.ts";
import { fault, reasonOf } from "#errors/fault.ts";
import { faultFrom } from "#errors/from-unknown.ts";
import type { PooledBackend } from "#pool/member.ts";
import { Pool } from "#pool/pool.ts";
import type { AttemptReport } from "#routing/attempt.ts";
import { type Algorithm, algorithms, createBalancer } from "#routing/balancer.ts";
import { createDispatch } from "#routing/dispatch.ts";
import { poolRoute } from "#routing/pool-route.ts";
import { unlimitedBudgets } from "../support/budgets.ts";
import { createManualClock, type ManualClock } from "../support/manual-clock.ts";

const seed = 20_260_131;
const tickMs = 50;
const healthIntervalMs = 10_000;

/** A core in virtual time: it works or it is dead; what it does when it dies is lost. */
class SimulatedCore implements PooledBackend {
  up = true;
  readonly #clock: ManualClock;
  readonly #rng: Rng;

  constructor(clock: ManualClock, rng: Rng) {
    this.#clock = clock;
    this.#rng = rng;
  }

  async check(): Promise<void> {
    if (!this.up) throw fault("BACKEND_LOST", "the core cannot be reached");
  }

  async work(signal: AbortSignal): Promise<void> {
    await this.check();
    await this.#clock.sleep(10 * Math.ceil(this.#rng.next() * 8), signal);
    await this.check();
  }

  async *stream(signal: AbortSignal): AsyncGenerator<number> {
    for (let message = 0; message < 3; message += 1) {
      await this.work(signal);
      yield message;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.up = false;
  }
}

function simulationOf(algorithm: Algorithm, count: number) {
  const clock = createManualClock();
  const rng = seededRng(seed);
  const cores = Array.from({ length: count }, () => new SimulatedCore(clock, rng));
  const members = cores.map((backend, index) => ({ id: `core-${index + 1}`, weight: 1, backend }));
  const pool = new Pool(
    { name: "sim", members, healthIntervalMs, healthTimeoutMs: 1_000 },
    { clock, rng },
  );
  const attempts: AttemptReport[] = [];
  const dispatch = createDispatch({
    clock,
    rng,
    budgets: unlimitedBudgets(),
    onAttempt: () => (report) => attempts.push(report),
  });
  const choose = createBalancer(algorithm, rng);
  let misrouted = 0;
  const route = poolRoute({
    pool,
    algorithm,
    rng,
    retryAttempts: count - 1,
    balancer: (candidates: Parameters<typeof choose>[0]) => {
      const id = choose(candidates);
      const chosen = pool.snapshot().find((member) => member.id === id);
      if (chosen?.health.kind === "unhealthy") misrouted += 1;
      return id;
    },
  });
  return { clock, rng, cores, pool, attempts, dispatch, route, misrouted: () => misrouted };
}

describe(`seed ${seed}`, () => {
  test("100,000 calls over failing members: each ends once, none is lost before its first byte, nothing stays in flight", async () => {
    const sim = simulationOf("round_robin", 5);
    const { clock, rng, cores, pool, attempts, dispatch, route } = sim;
    await using _ = pool;
    const calls = 100_000;
    const perTick = 10;
    const ends: Record<string, number> = {};

    const run = async () => {
      const abort = new AbortController();
      const call = { signal: abort.signal, requestId: "" };
      let messages = 0;
      const kind = rng.next();
      if (kind < 0.02) void clock.sleep(30).then(() => abort.abort());
      const end = await (async () => {
        if (kind < 0.5) return dispatch.call(route, (core) => core.work(abort.signal), call);
        const open = (core: SimulatedCore) => core.stream(abort.signal);
        for await (const message of dispatch.stream(route, open, call)) messages = message + 1;
      })().then(
        () => "OK",
        (error: unknown) =>
          `${reasonOf(faultFrom(error))}${messages > 0 ? " after the first message" : ""}`,
      );
      ends[end] = (ends[end] ?? 0) + 1;
    };

    const running: Promise<void>[] = [];
    for (let tick = 0; tick < calls / perTick; tick += 1) {
      // The last core always lives; the others die for 15 s or so, each about once a minute.
      for (const core of cores.slice(0, -1)) {
        const chance = tickMs / (core.up ? 60_000 : 15_000);
        if (rng.next() < chance) core.up = !core.up;
      }
      for (let i = 0; i < perTick; i += 1) running.push(run());
      await clock.advance(tickMs);
    }
    for (const core of cores) core.up = true;
    await clock.advance(healthIntervalMs + 1_000);
    await Promise.all(running);

    const sum = Object.values(ends).reduce((total, count) => total + count, 0);
    expect(sum).toBe(calls);
    expect(new Set(Object.keys(ends))).toEqual(
      new Set(["OK", "CANCELLED", "BACKEND_LOST after the first message"]),
    );
    expect(ends.OK).toBeGreaterThan(0.95 * calls);
    expect(sim.misrouted()).toBe(0);

    const members = pool.snapshot();
    expect(members.map(({ inFlight }) => inFlight)).toEqual([0, 0, 0, 0, 0]);
    expect(members.map(({ health }) => health.kind)).toEqual(Array(5).fill("healthy"));
    const requests = members.reduce((total, member) => total + member.requests, 0);
    expect(attempts).toHaveLength(requests);
    const errors = members.reduce((total, member) => total + member.errors, 0);
    expect(errors).toBe(attempts.filter(({ outcome }) => outcome === "BACKEND_LOST").length);
    expect(errors).toBeGreaterThan(100);
  }, 60_000);

  test.each(algorithms)("%s spreads calls evenly over sound members", async (algorithm) => {
    const { clock, pool, dispatch, route } = simulationOf(algorithm, 4);
    await using _ = pool;
    const running: Promise<void>[] = [];
    const call = { signal: new AbortController().signal, requestId: "" };
    for (let tick = 0; tick < 400; tick += 1) {
      for (let i = 0; i < 10; i += 1) {
        running.push(dispatch.call(route, (core) => core.work(call.signal), call));
      }
      await clock.advance(tickMs);
    }
    await clock.advance(1_000);
    await Promise.all(running);
    for (const { requests, inFlight } of pool.snapshot()) {
      expect(inFlight).toBe(0);
      expect(Math.abs(requests - 1_000)).toBeLessThanOrEqual(
        algorithm === "least_connections" ? 60 : 0,
      );
    }
  });
});
