/** Buckets in a real Redis, as several gateways see them: bounds, leases, what is brought back, and what is lost. */

import { array, assert, asyncProperty, constantFrom, integer, oneof, record } from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "#core/clock.ts";
import { GatewaysSeen } from "#limits/gateways-seen.ts";
import { redisKey } from "#limits/redis-scripts.ts";
import { fill, givenBy } from "../support/hammered.ts";
import { createManualClock } from "../support/manual-clock.ts";
import { describeWith } from "../support/needs.ts";
import {
  missingRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from "../support/redis-server.ts";
import { openSharedLimits } from "../support/shared-limits.ts";

const limits = { capacity: 10, perSecond: 1 };
const ask = (key: string, cost = 1, of = limits) => ({ key, limits: of, cost });

describeWith(missingRedis)("buckets that gateways share", () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server[Symbol.asyncDispose]());
  beforeEach(() => void server.cli("flushall"));

  /** Gateways of one time, which is also the server's. */
  async function gateways(count: number, stack: AsyncDisposableStack, bucketsMax = 1_000) {
    const clock = createManualClock();
    const time = { stepMs: 0 };
    const facts = { ports: [server.port], clock, bucketsMax };
    const serverMs = () => 1_000_000 + clock.nowMs() + time.stepMs;
    const all = [];
    while (all.length < count) {
      all.push(stack.use(await openSharedLimits({ ...facts, serverMs })));
    }
    return { clock, time, all, stores: all.map(({ limits: store }) => store) };
  }

  test("never give more than the capacity and the rate over time allow, whoever asks when", async () => {
    const steps = array(
      oneof(
        record({ gateway: integer({ min: 0, max: 1 }), cost: integer({ min: 1, max: 4 }) }),
        record({ ms: integer({ min: 1, max: 400 }) }),
      ),
      { maxLength: 80 },
    );
    const rates = constantFrom(
      { capacity: 10, perSecond: 1 },
      { capacity: 20, perSecond: 100 },
      { capacity: 300, perSecond: 1_000 },
    );
    let run = 0;
    await assert(
      asyncProperty(steps, rates, async (all, rate) => {
        run += 1;
        await using stack = new AsyncDisposableStack();
        const { clock, stores } = await gateways(2, stack);
        const given: { atMs: number; cost: number }[] = [];
        for (const step of all) {
          if ("ms" in step) await clock.advance(step.ms);
          else {
            const { gateway, cost } = step;
            const { waitMs } = await (stores[gateway] as (typeof stores)[0]).reserve([
              ask(`run${run}`, cost, rate),
            ]);
            if (waitMs === 0) given.push({ atMs: clock.nowMs(), cost });
          }
        }
        const allowed = (ms: number) => rate.capacity + (ms * rate.perSecond) / 1_000 + 1e-6;
        // A bucket that is full again has what is held besides: a tenth of it in each gateway.
        const held = 2 * 0.1 * rate.capacity;
        for (let from = 0; from < given.length; from += 1) {
          let sum = 0;
          const fromMs = from === 0 ? 0 : (given[from]?.atMs ?? 0);
          for (const { atMs, cost } of given.slice(from)) {
            sum += cost;
            expect(sum).toBeLessThanOrEqual(allowed(atMs - fromMs) + (from === 0 ? 0 : held));
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test("never refuse a caller within its rate, through one gateway or several", async () => {
    let run = 0;
    const pauses = array(integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 60 });
    await assert(
      asyncProperty(pauses, integer({ min: 1, max: 3 }), async (all, count) => {
        run += 1;
        await using stack = new AsyncDisposableStack();
        const { clock, stores } = await gateways(count, stack);
        const rate = { capacity: 3, perSecond: 20 };
        for (const [index, more] of all.entries()) {
          const store = stores[index % stores.length] as (typeof stores)[0];
          const { waitMs } = await store.reserve([ask(`within${run}`, 1, rate)]);
          expect(waitMs).toBe(0);
          await clock.advance(50 + more);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("grant a caller who waits as long as it was told", async () => {
    let run = 0;
    const rates = constantFrom(
      { capacity: 10, perSecond: 3 },
      { capacity: 200, perSecond: 70 },
      { capacity: 5, perSecond: 1_000 },
    );
    await assert(
      asyncProperty(rates, integer({ min: 1, max: 300 }), async (rate, cost) => {
        run += 1;
        await using stack = new AsyncDisposableStack();
        const { clock, stores } = await gateways(2, stack);
        const [one, other] = stores as [(typeof stores)[0], (typeof stores)[0]];
        const key = `waiting${run}`;
        await one.reserve([ask(key, rate.capacity, rate)]);
        for (const store of [one, other]) {
          const { waitMs } = await store.reserve([ask(key, cost, rate)]);
          // The second may find what came back meanwhile.
          if (waitMs === 0) continue;
          await clock.advance(waitMs + 1);
          expect((await store.reserve([ask(key, cost, rate)])).waitMs).toBe(0);
        }
      }),
      { numRuns: 40 },
    );
  });

  test("one that is known to be empty is not asked again before it can give", async () => {
    await using stack = new AsyncDisposableStack();
    const { clock, all, stores } = await gateways(1, stack);
    const [store] = stores as [(typeof stores)[0]];
    const rate = { capacity: 10, perSecond: 10 };
    await store.reserve([ask("a", 10, rate)]);
    const sent = all[0]?.sent() ?? 0;
    for (let ms = 0; ms < 99; ms += 1) {
      const refused = store.reserve([ask("a", 1, rate)]);
      expect(refused).not.toBeInstanceOf(Promise);
      const { waitMs } = await refused;
      // Whole milliseconds, rounded up.
      expect([100 - ms, 101 - ms]).toContain(waitMs);
      await clock.advance(1);
    }
    expect(all[0]?.sent()).toBe(sent);
    await clock.advance(1);
    expect((await store.reserve([ask("a", 1, rate)])).waitMs).toBe(0);
  });

  test("cost at most a command in ten decisions while there is capacity to spare", async () => {
    await using stack = new AsyncDisposableStack();
    const { clock, all, stores } = await gateways(2, stack);
    const rate = { capacity: 1_000, perSecond: 1_000 };
    let decisions = 0;
    for (let ms = 0; ms < 3_000; ms += 1) {
      for (const [gateway, every] of [1, 50].entries()) {
        if (ms % every !== 0) continue;
        decisions += 1;
        const { waitMs } = await (stores[gateway] as (typeof stores)[0]).reserve([
          ask("busy", 1, rate),
        ]);
        expect(waitMs).toBe(0);
      }
      await clock.advance(1);
    }
    const sent = all.reduce((sum, one) => sum + one.sent(), 0);
    expect(sent / decisions).toBeLessThanOrEqual(0.1);
  });

  test("what is held is brought back after a quarter of a second, when its place is needed, and at the end", async () => {
    await using stack = new AsyncDisposableStack();
    const { clock, stores } = await gateways(1, stack, 2);
    const [one] = stores as [(typeof stores)[0]];
    const rate = { capacity: 1_000, perSecond: 0 };
    const left = (key: string) => Number(server.cli("hget", redisKey(key), "t"));
    /** Takes one by one until some are held; gives what is left but for those. */
    const hold = async (key: string) => {
      let taken = 0;
      do {
        await one.reserve([ask(key, 1, rate)]);
        taken += 1;
        await clock.advance(1);
      } while (left(key) === 1_000 - taken);
      expect(left(key)).toBeLessThan(1_000 - taken);
      return 1_000 - taken;
    };
    const late = await hold("late");
    await clock.advance(300);
    await one.settled();
    expect(left("late")).toBe(late);
    const first = await hold("first");
    for (const key of ["second", "third"]) await one.reserve([ask(key, 1, rate)]);
    await one.settled();
    expect(left("first")).toBe(first);
    const last = await hold("last");
    await one[Symbol.asyncDispose]();
    expect(left("last")).toBe(last);
  });

  test("a time that steps back refills nothing and stops nothing; one that steps ahead fills once", async () => {
    await using stack = new AsyncDisposableStack();
    const { clock, time, stores } = await gateways(1, stack);
    const [store] = stores as [(typeof stores)[0]];
    const reserve = async (cost: number) => (await store.reserve([ask("a", cost)])).waitMs;
    expect(await reserve(10)).toBe(0);
    time.stepMs = -3_600_000;
    await clock.advance(500);
    // What was refilled between the last decision and the step is not known.
    expect(await reserve(1)).toBe(1_000);
    await clock.advance(1_000);
    expect(await reserve(1)).toBe(0);
    time.stepMs = 0;
    await clock.advance(500);
    expect(await reserve(11)).toBe(0);
    await clock.advance(500);
    expect(await reserve(1)).toBe(1_500);
  });

  test("a script that the server has forgotten is loaded again", async () => {
    await using one = await openSharedLimits({ ports: [server.port] });
    expect((await one.limits.reserve([ask("a", 5)])).waitMs).toBe(0);
    server.cli("script", "flush");
    expect((await one.limits.reserve([ask("b", 5)])).waitMs).toBe(0);
    expect(one.states).toEqual([]);
  });

  test("are forgotten once they would be full, and after two months at the latest", async () => {
    await using one = await openSharedLimits({ ports: [server.port] });
    const slow = { capacity: 10, perSecond: 1e-9 };
    await one.limits.reserve([ask("soon", 5), ask("never", 5, slow)]);
    const ttl = (key: string) => Number(server.cli("pttl", redisKey(key)));
    expect(ttl("soon")).toBeGreaterThan(0);
    expect(ttl("soon")).toBeLessThanOrEqual(6_000);
    expect(ttl("never")).toBeGreaterThan(6_000);
    expect(ttl("never")).toBeLessThanOrEqual(62 * 24 * 3_600_000);
    one.limits.adjust([{ key: "soon", limits, tokens: 5 }]);
    await one.limits.settled();
    expect(server.cli("exists", redisKey("soon"))).toBe("0");
  });

  test("many callers at one time share few commands", async () => {
    await using one = await openSharedLimits({ ports: [server.port] });
    const rate = { capacity: 1_000, perSecond: 0 };
    const decided = await Promise.all(
      Array.from({ length: 1_001 }, () => one.limits.reserve([ask("crowd", 1, rate)])),
    );
    expect(decided.filter(({ waitMs }) => waitMs === 0)).toHaveLength(1_000);
    expect(one.sent()).toBeLessThanOrEqual(10);
  });

  test("crowds on a bucket with little in it are granted what it gives, and decided by it alone", async () => {
    await using stack = new AsyncDisposableStack();
    const facts = { ports: [server.port], onStoreError: "allow" } as const;
    const all = [
      stack.use(await openSharedLimits(facts)),
      stack.use(await openSharedLimits(facts)),
    ] as const;
    const rate = { capacity: 1_000, perSecond: 1_000 };
    const fromMs = fill(server, "little", 0);
    let granted = 0;
    for (let turn = 0; turn < 30; turn += 1) {
      const asked = Array.from({ length: 60 }, (_, index) =>
        (index % 2 === 0 ? all[0] : all[1]).limits.reserve([ask("little", 1, rate)]),
      );
      for (const { waitMs } of await Promise.all(asked)) if (waitMs === 0) granted += 1;
    }
    await stack.disposeAsync();
    const given = givenBy(server, { key: "little", limits: rate, tokens: 0, fromMs });
    expect(granted).toBeGreaterThan(0);
    expect(granted).toBeLessThanOrEqual(given + 1e-6);
    for (const { registry } of all) {
      expect(await registry.getSingleMetricAsString("rate_limit_store_errors_total")).not.toMatch(
        /^rate_limit_store_errors_total\{/m,
      );
    }
  });

  test("corrections beyond a thousand buckets in one turn are lost, and counted", async () => {
    await using one = await openSharedLimits({ ports: [server.port] });
    const changes = Array.from({ length: 1_005 }, (_, index) => ({
      key: `bucket${index}`,
      limits,
      tokens: -1,
    }));
    one.limits.adjust(changes);
    await one.limits.settled();
    expect(await one.registry.getSingleMetricAsString("rate_limit_corrections_lost_total")).toMatch(
      /rate_limit_corrections_lost_total 5$/m,
    );
    expect(server.cli("dbsize")).toBe("1000");
  });

  test("while it is away corrections are counted as lost, and buckets cannot be reset", async () => {
    await using own = await startRedis();
    await using one = await openSharedLimits({ ports: [own.port], onStoreError: "deny" });
    await own.kill();
    while (one.link.state !== "away") await one.limits.read("a", limits);
    one.limits.adjust([{ key: "a", limits, tokens: 1 }]);
    await one.limits.settled();
    expect(await one.registry.getSingleMetricAsString("rate_limit_corrections_lost_total")).toMatch(
      /rate_limit_corrections_lost_total 1$/m,
    );
    await expect(one.limits.reset("a")).rejects.toThrow("rate limits cannot be reset now");
    expect(() => one.limits.reserve([ask("a")])).toThrow("rate limits cannot be checked now");
  });

  test("while it is away a gateway limits to its share of the gateways that there are", async () => {
    await using own = await startRedis();
    await using one = await openSharedLimits({ ports: [own.port], gateways: 3 });
    await own.kill();
    while (one.link.state !== "away") await one.limits.read("a", limits);
    const half = { capacity: 12, perSecond: 0 };
    let granted = 0;
    while ((await one.limits.reserve([ask("a", 1, half)])).waitMs === 0) granted += 1;
    expect(granted).toBe(4);
  });

  test("gateways count each other until they leave", async () => {
    await using stack = new AsyncDisposableStack();
    const counts: number[] = [];
    const links = [
      stack.use(await openSharedLimits({ ports: [server.port] })),
      stack.use(await openSharedLimits({ ports: [server.port] })),
    ] as const;
    const seen = links.map(
      ({ link }) => new GatewaysSeen(link, systemClock, (count) => counts.push(count)),
    );
    for (const one of seen) await one.begin();
    await seen[1]?.[Symbol.asyncDispose]();
    await seen[0]?.begin();
    await seen[0]?.[Symbol.asyncDispose]();
    expect(counts).toEqual([1, 2, 1]);
  });
});

describeWith(missingRedis)("buckets of several owners in a cluster", () => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await startRedisCluster();
  });
  afterAll(() => cluster[Symbol.asyncDispose]());

  test("what some gave before another one refused is brought back", async () => {
    const ports = cluster.nodes.map(({ port }) => port);
    await using stack = new AsyncDisposableStack();
    const [one, other] = [
      stack.use(await openSharedLimits({ ports, isCluster: true })),
      stack.use(await openSharedLimits({ ports, isCluster: true })),
    ] as const;
    const keys = ["ip:1", "key:two /chat", "route:three", "model:four"];
    const rate = { capacity: 10, perSecond: 0 };
    await one.limits.reserve([ask("model:four", 8, rate)]);
    const refused = await one.limits.reserve(keys.map((key) => ask(key, 5, rate)));
    expect(refused.waitMs).toBe(Number.POSITIVE_INFINITY);
    await one.limits[Symbol.asyncDispose]();
    const left = [];
    for (const key of keys) left.push((await other.limits.read(key, rate)).tokens);
    expect(left).toEqual([10, 10, 10, 2]);
    const granted = await other.limits.reserve(keys.map((key) => ask(key, 2, rate)));
    expect(granted.waitMs).toBe(0);
  });
});
